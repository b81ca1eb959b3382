/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs at hooks that collectors share: one run, one look at the socket's storage, then each collector's part. */
#ifndef TCP_HOOKS_H
#define TCP_HOOKS_H

#include "owner.h"
#include "service.h"
#include "abnormal.h"
#include "udp.h"

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int old, int new)
{
	struct connection *connection;
	struct tcp_sock *tcp;

	if (!is_tcp(sk))
		return 0;
	owner_state(sk, old, new);
	if (new != TCP_ESTABLISHED && new != TCP_CLOSE)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	connection = tcp ? connection_of(sk) : NULL;
	if (!connection)
		return 0;
	if (collecting.handshake)
		handshake_state(connection, sk, old, new);
	if (old == TCP_LISTEN)
		return 0;
	if (collecting.service)
		service_state(connection, tcp, new);
	if (collecting.abnormal)
		abnormal_state(connection, tcp, new);
	if (collecting.link)
		link_state(connection, tcp, new);
	return 0;
}

/* A reset that follows the last state change is still a segment. */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_destroy, struct sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct connection *connection = tcp ? connection_of(sk) : NULL;

	if (connection)
		link_book(connection, tcp, 0);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock *sk, int length, int flags)
{
	struct connection *connection;
	struct tcp_sock *tcp;

	if (collecting.udp && is_udp(sk))
		return udp_send(sk, length);
	if (length <= 0 || !is_tcp(sk))
		return 0;
	connection = owned_by_current(sk);
	if (!connection || !collecting.service)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp)
		service_send(connection, tcp);
	return 0;
}

/* The end of the stream is read by somebody too. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_receive, struct sock *sk, int length, int flags)
{
	struct connection *connection;
	struct tcp_sock *tcp;

	if (collecting.udp && is_udp(sk))
		return udp_receive(sk, length, flags);
	if (length < 0 || !is_tcp(sk))
		return 0;
	connection = owned_by_current(sk);
	if (!connection || !collecting.service || !length || flags & MSG_PEEK)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp)
		service_receive(connection, tcp);
	return 0;
}

/* Where the kernel does not tell lengths (before 6.3): whose the connection is. */
SEC("fentry/tcp_sendmsg")
int BPF_PROG(on_send_entry, struct sock *sk)
{
	if (is_tcp(sk))
		owned_by_current(sk);
	return 0;
}

SEC("fentry/tcp_recvmsg")
int BPF_PROG(on_receive_entry, struct sock *sk)
{
	if (is_tcp(sk))
		owned_by_current(sk);
	return 0;
}

SEC("tp_btf/tcp_probe")
int BPF_PROG(on_segment, struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct connection *connection = tcp ? connection_of(sk) : NULL;

	if (!connection)
		return 0;
	if (collecting.service)
		service_segment(connection, tcp, skb);
	if (collecting.abnormal)
		abnormal_segment(connection, tcp);
	return 0;
}

/* Before each snapshot, over all sockets that the probe knows, in all network namespaces. */
SEC("iter/bpf_sk_storage_map")
int on_walk(struct bpf_iter__bpf_sk_storage_map *context)
{
	u64 walk = context->meta->session_id;
	struct sock *sk = context->sk;
	struct connection *connection;
	struct tcp_sock *tcp;

	if (!sk || sk->__sk_common.skc_state == TCP_CLOSE)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	connection = tcp ? connection_of(sk) : NULL;
	if (!connection)
		return 0;
	if (collecting.handshake)
		handshake_walk(connection, sk, walk);
	if (collecting.link && sk->__sk_common.skc_state != TCP_LISTEN)
		link_walk(connection, tcp, sk, walk);
	return 0;
}

#endif
