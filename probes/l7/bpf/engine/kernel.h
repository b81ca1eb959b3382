/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the engine reads of the kernel's sockets and of a syscall's arguments. */
#ifndef L7_KERNEL_H
#define L7_KERNEL_H

#include <sonde/probe.h>
#include <asm/unistd.h>
#include <bpf/bpf_endian.h>

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define IPPROTO_TCP 6

#define MSG_OOB 1
#define MSG_PEEK 2
#define MSG_TRUNC 0x20
#define MSG_ERRQUEUE 0x2000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	u8 in6_u[16];
};

struct sock_common {
	u32 skc_daddr;
	u16 skc_dport, skc_num;
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr;
};

struct socket;

struct sock {
	struct sock_common __sk_common;
	u16 sk_type, sk_protocol;
	struct socket *sk_socket;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct tcp_sock {
	u32 copied_seq;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key, *value;
};

struct bpf_iter__bpf_sk_storage_map {
	void *value;
};

#pragma clang attribute pop

/* A field of a socket, which some programs get from the kernel and others have only the address of. */
#ifndef SONDE_SOCKET_HASH
#define socket_read(sk, field) ((sk)->field)
#else
#define socket_read(sk, field) BPF_CORE_READ(sk, field)
#endif

static __always_inline u32 copied_seq(struct sock *sk)
{
#ifndef SONDE_SOCKET_HASH
	struct tcp_sock *tcp = (struct tcp_sock *)bpf_skc_to_tcp_sock(sk);

	return tcp ? tcp->copied_seq : 0;
#else
	return BPF_CORE_READ((struct tcp_sock *)sk, copied_seq);
#endif
}

/* The user's own structs, whose layout is that of the user API on 64-bit machines. */
struct user_vector {
	u64 base, length;
};

struct user_message {
	u64 name;
	u32 name_length, reserved;
	u64 vectors, count;
	u64 control, control_length;
	u32 flags, reserved2;
};

struct user_messages {
	struct user_message message;
	u32 length, reserved;
};

struct arguments {
	u64 call, first, second, third, fourth;
};

/* The arguments of the syscall that the current task is in. The registers hold them until it returns. */
static __always_inline void current_arguments(struct arguments *arguments)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

#if defined(__TARGET_ARCH_x86)
	arguments->call = registers->orig_ax;
	arguments->first = registers->di;
	arguments->second = registers->si;
	arguments->third = registers->dx;
	arguments->fourth = registers->r10;
#elif defined(__TARGET_ARCH_arm64)
	arguments->call = registers->regs[8];
	arguments->first = registers->orig_x0;
	arguments->second = registers->regs[1];
	arguments->third = registers->regs[2];
	arguments->fourth = registers->regs[3];
#endif
}

#endif
