/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the kernel shows no socket: the end of each syscall, from whose file descriptor the socket follows. Every syscall
 * of the machine pays for it.
 */
#ifndef L7_CALLS_H
#define L7_CALLS_H

#include "../engine/engine.h"

#define S_IFMT 0170000
#define S_IFSOCK 0140000

/* Messages of one sendmmsg() or recvmmsg() that are looked at; what is in the others counts as unseen. */
#define MESSAGES 16

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct___files {
	struct files_struct *files;
};

struct file___socket {
	void *private_data;
};

#if defined(__TARGET_ARCH_x86)
struct thread_info {
	u32 status;
};

struct task_struct___thread {
	struct thread_info thread_info;
};
#endif

#pragma clang attribute pop

/* A 32-bit program's calls have other numbers. */
static __always_inline bool is_compatible(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ((struct task_struct___thread *)task, thread_info.status) & 2; /* TS_COMPAT */
#else
	return false;
#endif
}

/* The socket behind a file descriptor of a task, or NULL. */
static __always_inline struct sock *socket_at(struct task_struct *task, u32 fd)
{
	struct fdtable *table = BPF_CORE_READ((struct task_struct___files *)task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;
	struct socket *socket;

	if (fd >= BPF_CORE_READ(table, max_fds) || bpf_probe_read_kernel(&file, sizeof(file), files + fd) || !file ||
	    (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ((struct file___socket *)file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* What a call does: which way, how many messages, with which flags, on which descriptor. */
struct deed {
	bool known, sends, many;
	u32 flags, fd;
};

static __always_inline struct deed deed_of(const struct arguments *arguments)
{
	struct deed deed = { .known = true, .fd = arguments->first };

	switch (arguments->call) {
	case __NR_write:
	case __NR_writev:
	case __NR_pwritev2:
	case __NR_sendto:
	case __NR_sendmsg:
	case __NR_sendfile:
		deed.sends = true;
		return deed;
	case __NR_sendmmsg:
		deed.sends = deed.many = true;
		return deed;
	case __NR_splice:
		deed.sends = true;
		deed.fd = arguments->third;
		return deed;
	case __NR_read:
	case __NR_readv:
	case __NR_preadv2:
		return deed;
	case __NR_recvfrom:
		deed.flags = arguments->fourth;
		return deed;
	case __NR_recvmsg:
		deed.flags = arguments->third;
		return deed;
	case __NR_recvmmsg:
		deed.many = true;
		deed.flags = arguments->fourth;
		return deed;
	}
	deed.known = false;
	return deed;
}

SONDE_SCRATCH(call_desk, struct desk);

/* How many bytes the message at `index` of a vector carried. */
static __always_inline long message_size(u64 vector, u32 index)
{
	struct user_messages *messages = (void *)vector;
	u32 size = 0;

	sonde_read_user(&size, sizeof(size), &messages[index].length);
	return size;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_call, struct pt_regs *registers, long result)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct desk *desk = sonde_scratch(call_desk);
	struct arguments arguments = {};
	struct sock *sk;
	struct deed deed;
	u32 count = 1;

	if (result < 0 || !desk)
		return 0;
	current_arguments(&arguments);
	deed = deed_of(&arguments);
	if (!deed.known || is_compatible(task))
		return 0;
	sk = socket_at(task, deed.fd);
	if (!sk || !is_stream(sk))
		return 0;
	desk->later = 0;
	if (deed.many) {
		count = result;
		for (u32 i = 0; i < MESSAGES && i < count; i++)
			desk->later += message_size(arguments.second, i);
	}
	for (u32 i = 0; i < MESSAGES && i < count; i++) {
		long size = deed.many ? message_size(arguments.second, i) : result;

		if (deed.many)
			desk->later -= size;
		if (deed.sends)
			sent(sk, size, desk);
		else
			received(sk, size, deed.flags, desk);
	}
	return deed.many ? observe_messages(sk, deed.sends ? SENT : RECEIVED, count > MESSAGES) : 0;
}

#endif
