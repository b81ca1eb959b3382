/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the kernel tells of reads and writes with the socket in hand. */
#ifndef L7_SOCKETS_H
#define L7_SOCKETS_H

#include "../engine/engine.h"

SONDE_SCRATCH(send_desk, struct desk);

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock *sk, int size, int flags)
{
	return sent(sk, size, sonde_scratch(send_desk));
}

SONDE_SCRATCH(receive_desk, struct desk);

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_receive, struct sock *sk, int size, int flags)
{
	return received(sk, size, flags, sonde_scratch(receive_desk));
}

/*
 * Where the kernel does not tell lengths (before 6.3): a program for each family. Not sock_sendmsg() and sock_recvmsg(),
 * which the compiler puts into their callers where sendmmsg() and recvmmsg() go on.
 */
#define SENT_AT(function)                                                                                          \
	SONDE_SCRATCH(function##_desk, struct desk);                                                               \
	SEC("fexit/" #function)                                                                                    \
	int BPF_PROG(on_##function, struct socket *socket, void *message, u64 length, int size)         \
	{                                                                                                          \
		return sent(socket->sk, size, sonde_scratch(function##_desk));                                     \
	}

#define RECEIVED_AT(function)                                                                                      \
	SONDE_SCRATCH(function##_desk, struct desk);                                                               \
	SEC("fexit/" #function)                                                                                    \
	int BPF_PROG(on_##function, struct socket *socket, void *message, u64 length, int flags,        \
		     int size)                                                                                     \
	{                                                                                                          \
		return received(socket->sk, size, flags, sonde_scratch(function##_desk));                          \
	}

/* sendfile() and splice() into a socket, which took another way before 6.5. */
#define PAGE_SENT_AT(function)                                                                                     \
	SONDE_SCRATCH(function##_desk, struct desk);                                                               \
	SEC("fexit/" #function)                                                                                    \
	int BPF_PROG(on_##function, struct socket *socket, void *page, int offset, u64 length,            \
		     int flags, int size)                                                                          \
	{                                                                                                          \
		return sent(socket->sk, size, sonde_scratch(function##_desk));                                     \
	}

SENT_AT(inet_sendmsg)
SENT_AT(inet6_sendmsg)
SENT_AT(unix_stream_sendmsg)
PAGE_SENT_AT(inet_sendpage)
PAGE_SENT_AT(unix_stream_sendpage)
RECEIVED_AT(inet_recvmsg)
RECEIVED_AT(inet6_recvmsg)
RECEIVED_AT(unix_stream_recvmsg)

#endif
