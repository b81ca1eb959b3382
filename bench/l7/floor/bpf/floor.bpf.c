/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Three things that any probe on these hooks has to pay: to be called, a time from call to call, a look at the bytes. */
#include <sonde/probe.h>

struct sock;

struct durations {
	sonde_histogram_t duration;
};

/* 256 processes x 930 B: 233 KiB. */
SONDE_HASH(durations, struct sonde_process, struct durations, 256);

struct last {
	u64 received;
	u8 head[128];
};

/* 150 B for each socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct last);
} sockets SEC(".maps");

SEC("tp_btf/sock_send_length")
int BPF_PROG(send_empty, struct sock *sk, int size, int flags)
{
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(receive_empty, struct sock *sk, int size, int flags)
{
	return 0;
}

static __always_inline struct last *last_of(struct sock *sk, int size)
{
	return size > 0 && sonde_target_match() ? bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE) : NULL;
}

static __always_inline void look(struct last *last)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	sonde_read_user(last->head, sizeof(last->head), (void *)PT_REGS_PARM2_SYSCALL(registers));
}

static __always_inline void count(struct last *last)
{
	struct sonde_process process;
	struct durations *entry;

	if (!last->received)
		return;
	sonde_process_current(&process);
	entry = sonde_slot(durations, &process);
	if (entry)
		sonde_histogram_add(&entry->duration, bpf_ktime_get_ns() - last->received);
	last->received = 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(send_histogram, struct sock *sk, int size, int flags)
{
	struct last *last = last_of(sk, size);

	if (last)
		count(last);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(receive_histogram, struct sock *sk, int size, int flags)
{
	struct last *last = last_of(sk, size);

	if (last)
		last->received = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(send_read, struct sock *sk, int size, int flags)
{
	struct last *last = last_of(sk, size);

	if (!last)
		return 0;
	look(last);
	count(last);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(receive_read, struct sock *sk, int size, int flags)
{
	struct last *last = last_of(sk, size);

	if (!last)
		return 0;
	look(last);
	last->received = bpf_ktime_get_ns();
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
