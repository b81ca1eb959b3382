/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sockets that processes hold open, which an iterator over their files finds. */
#ifndef TCP_OPENED_H
#define TCP_OPENED_H

#include "connection.h"

/* A socket, and what it says: itself, or a copy where the kernel gives the program no more than an address. */
struct opened {
	struct sock *at, *sk;
};

#ifndef SONDE_SOCKET_HASH

static __always_inline struct opened opened_socket(struct bpf_iter__task_file *context)
{
	struct file *file = context->file;
	struct socket *socket = file ? bpf_sock_from_file(file) : NULL;
	struct sock *sk = socket ? socket->sk : NULL;

	return (struct opened){ sk, sk };
}

static __always_inline struct tcp_sock *opened_tcp(struct opened socket)
{
	return bpf_skc_to_tcp_sock(socket.sk);
}

#else

/* A struct tcp_sock takes some 2.4 KB. */
struct socket_copy {
	u8 bytes[4096];
};

/* Iterators are run one at a time, and nothing interrupts one to run another. */
SONDE_SCRATCH(socket_copy, struct socket_copy);

/* Plain loads work on what this returns, as on a socket that the kernel hands over itself. */
static __always_inline struct sock *copy_of(struct sock *sk)
{
	struct socket_copy *copy = sonde_scratch(socket_copy);
	u64 size = bpf_core_type_size(struct tcp_sock);

	if (!copy || size > sizeof(copy->bytes) || bpf_probe_read_kernel(copy->bytes, size, sk))
		return NULL;
	return (struct sock *)copy->bytes;
}

static __always_inline struct opened opened_socket(struct bpf_iter__task_file *context)
{
	struct file___opened {
		void *private_data;
	} __attribute__((preserve_access_index)) *data = (void *)context->file;
	struct file *file = context->file;
	struct socket *socket;
	struct sock *sk;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return (struct opened){};
	socket = BPF_CORE_READ(data, private_data);
	sk = BPF_CORE_READ(socket, sk);
	return (struct opened){ sk, sk ? copy_of(sk) : NULL };
}

static __always_inline struct tcp_sock *opened_tcp(struct opened socket)
{
	return (struct tcp_sock *)socket.sk;
}

#endif

#endif
