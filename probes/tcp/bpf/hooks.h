/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs at hooks that collectors share: one run, one look at the socket's storage, then each collector's part. */
#ifndef TCP_HOOKS_H
#define TCP_HOOKS_H

#include "owner.h"
#include "service.h"
#include "abnormal.h"
#include "udp.h"

/* Connections come and go by these; the others only lead from one to the next. */
#define STATES_OF_USE                                                                                              \
	(1 << TCP_ESTABLISHED | 1 << TCP_SYN_SENT | 1 << TCP_SYN_RECV | 1 << TCP_CLOSE | 1 << TCP_LISTEN)

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int old, int new)
{
	struct connection *connection;
	struct tcp_sock *tcp;

	if ((1 << new & STATES_OF_USE) == 0 || !is_tcp(sk))
		return 0;
	if (new == TCP_SYN_SENT)
		begin(sk, ROLE_CLIENT);
	else if (new == TCP_LISTEN)
		begin(sk, ROLE_SERVER);
	else if (new == TCP_SYN_RECV && old == TCP_LISTEN)
		inherit(sk);
	if (new != TCP_ESTABLISHED && new != TCP_CLOSE)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	connection = tcp ? connection_of(sk) : NULL;
	if (!connection)
		return 0;
	if (new == TCP_ESTABLISHED)
		establish(connection, sk, tcp);
	if (collecting.handshake)
		handshake_state(connection, sk, old, new);
	if (old == TCP_LISTEN)
		return 0;
	if (collecting.service)
		service_state(connection, tcp, old, new);
	if (collecting.abnormal)
		abnormal_state(connection, tcp, new);
	if (collecting.link)
		link_state(connection, tcp, new);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_destroy, struct sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct connection *connection = tcp ? connection_of(sk) : NULL;

	if (!connection)
		return 0;
	link_destroy(connection, tcp);
	sonde_socket_free(connections, sk);
	return 0;
}

static __always_inline int sent(struct sock *sk, int length)
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
static __always_inline int received(struct sock *sk, int length, int flags)
{
	struct connection *connection;
	struct tcp_sock *tcp;

	if (collecting.udp && is_udp(sk))
		return udp_receive(sk, length, flags);
	if (length < 0 || !is_tcp(sk))
		return 0;
	connection = owned_by_current(sk);
	if (!connection || !collecting.service || !connection->arrived || !length || flags & MSG_PEEK)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp)
		service_receive(connection, tcp);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock *sk, int length, int flags)
{
	return sent(sk, length);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_receive, struct sock *sk, int length, int flags)
{
	return received(sk, length, flags);
}

/*
 * Where the kernel does not tell lengths (before 6.3). Not sock_sendmsg() and sock_recvmsg(), which the compiler puts
 * into their callers where sendmmsg() and recvmmsg() go on.
 */
SEC("fexit/inet_sendmsg")
int BPF_PROG(on_send_exit, struct socket *socket, void *message, u64 size, int length)
{
	return sent(socket->sk, length);
}

SEC("fexit/inet6_sendmsg")
int BPF_PROG(on_send_exit_ipv6, struct socket *socket, void *message, u64 size, int length)
{
	return sent(socket->sk, length);
}

/* sendfile() and splice() into a socket, which took another way before 6.5. */
SEC("fexit/inet_sendpage")
int BPF_PROG(on_send_exit_page, struct socket *socket, void *page, int offset, u64 size, int flags, int length)
{
	return sent(socket->sk, length);
}

SEC("fexit/inet_recvmsg")
int BPF_PROG(on_receive_exit, struct socket *socket, void *message, u64 size, int flags, int length)
{
	return received(socket->sk, length, flags);
}

SEC("fexit/inet6_recvmsg")
int BPF_PROG(on_receive_exit_ipv6, struct socket *socket, void *message, u64 size, int flags, int length)
{
	return received(socket->sk, length, flags);
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

static __always_inline int walked(struct connection *connection, struct opened socket, struct tcp_sock *tcp, u64 walk)
{
	service_book(connection);
	if (collecting.handshake)
		handshake_walk(connection, socket.sk, walk);
	if (collecting.link && socket.sk->__sk_common.skc_state != TCP_LISTEN)
		link_walk(connection, tcp, socket.at, walk);
	return 0;
}

/* Before each snapshot, over all sockets that the probe knows, in all network namespaces. */
#ifndef SONDE_SOCKET_HASH
SEC("iter/bpf_sk_storage_map")
int on_walk(struct bpf_iter__bpf_sk_storage_map *context)
{
	struct sock *sk = context->sk;
	struct connection *connection;
	struct tcp_sock *tcp;

	if (!sk || sk->__sk_common.skc_state == TCP_CLOSE)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	connection = tcp ? connection_of(sk) : NULL;
	return connection ? walked(connection, (struct opened){ sk, sk }, tcp, context->meta->session_id) : 0;
}
#else
SEC("iter/bpf_map_elem")
int on_walk_hash(struct bpf_iter__bpf_map_elem *context)
{
	u64 *address = context->key;
	struct connection *connection;
	struct opened socket = {};

	if (!address)
		return 0;
	socket.at = (struct sock *)*address;
	socket.sk = copy_of(socket.at);
	connection = connection_of(socket.at);
	if (!connection || !socket.sk || socket.sk->__sk_common.skc_state == TCP_CLOSE)
		return 0;
	return walked(connection, socket, opened_tcp(socket), context->meta->session_id);
}

/* What socket storage does by itself: the child of a listener takes what is known of the listener. */
SEC("fexit/inet_csk_clone_lock")
int BPF_PROG(on_clone, struct sock *listener, void *request, u32 priority, struct sock *child)
{
	struct connection *from = connection_of(listener), *to = child ? connection_of(child) : NULL;

	if (!from || !to || to->claim != CLAIM_NONE)
		return 0;
	to->owners[0] = *owner_of(from);
	to->claim = CLAIM_LISTENER;
	to->watched = from->watched;
	return 0;
}

/* And it goes with its socket. */
SEC("fentry/inet_sock_destruct")
int BPF_PROG(on_destruct, struct sock *sk)
{
	sonde_socket_free(udp_owners, sk);
	return 0;
}
#endif

#endif
