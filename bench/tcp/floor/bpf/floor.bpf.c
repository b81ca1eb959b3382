/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two things that any probe on these hooks has to pay: to be called, and to find what it keeps with the socket. */
#include <sonde/probe.h>

#define PF_INET 2
#define SOCK_STREAM 1

struct sock_common {
	unsigned short skc_family;
} __attribute__((preserve_access_index));

struct sock {
	struct sock_common __sk_common;
	u16 sk_type;
} __attribute__((preserve_access_index));

struct runs {
	u64 count;
};

/* A manifest needs an entity; nothing is ever in it. */
SONDE_HASH(runs, u32, struct runs, 1);

/* 100 B for each socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct runs);
} sockets SEC(".maps");

static __always_inline int look(struct sock *sk)
{
	struct runs *kept;

	if (sk->__sk_common.skc_family != PF_INET || sk->sk_type != SOCK_STREAM)
		return 0;
	kept = bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (kept)
		kept->count++;
	return 0;
}

#define EMPTY(name, hook)                                                                                          \
	SEC("tp_btf/" #hook)                                                                                       \
	int name##_empty(void *context)                                                                            \
	{                                                                                                          \
		return 0;                                                                                          \
	}

#define STORAGE(name, hook)                                                                                        \
	SEC("tp_btf/" #hook)                                                                                       \
	int BPF_PROG(name##_storage, struct sock *sk)                                                              \
	{                                                                                                          \
		return look(sk);                                                                                   \
	}

EMPTY(state, inet_sock_set_state)
EMPTY(destroy, tcp_destroy_sock)
EMPTY(send, sock_send_length)
EMPTY(receive, sock_recv_length)
EMPTY(segment, tcp_probe)
EMPTY(read, tcp_rcv_space_adjust)

STORAGE(state, inet_sock_set_state)
STORAGE(destroy, tcp_destroy_sock)
STORAGE(send, sock_send_length)
STORAGE(receive, sock_recv_length)
STORAGE(segment, tcp_probe)
STORAGE(read, tcp_rcv_space_adjust)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
