/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How connections begin and end, by process, role and server port; and what becomes of the queue of a listener. */
#ifndef TCP_HANDSHAKE_H
#define TCP_HANDSHAKE_H

#include "events.h"

struct endpoint_key {
	struct sonde_process process;
	sonde_port_t server_port;
	u8 role, family;
	u32 reserved;
};

struct endpoint {
	u64 opened, closed;
	u64 syn_retransmits, synack_retransmits;
};

/* 8192 x (24 B key, 32 B value, 48 B of the map's own): 0.9 MB. */
SONDE_HASH(endpoints, struct endpoint_key, struct endpoint, 8192);

enum failure { FAILED_REFUSED, FAILED_TIMEOUT, FAILED_RESET, FAILED_UNREACHABLE, FAILED_CANCELLED, FAILED_OTHER };

struct failure_key {
	struct sonde_process process;
	sonde_ip_t peer;
	sonde_port_t server_port;
	u8 role, family;
	u32 reason;
};

struct failures {
	u64 count;
};

/* 4096 x (40 B key, 8 B value, 48 B): 0.4 MB. */
SONDE_HASH(failures, struct failure_key, struct failures, 4096);

struct listener_key {
	struct sonde_process process;
	sonde_ip_t local;
	sonde_port_t server_port;
	u8 family, reserved[5];
};

struct listener {
	u64 drops;
	u64 backlog, backlog_limit;
	u64 walk;
};

/* 4096 x (40 B key, 32 B value, 48 B): 0.5 MB. */
SONDE_HASH(listeners, struct listener_key, struct listener, 4096);

static __always_inline struct endpoint *endpoint_of(struct connection *connection)
{
	struct endpoint_key key = {
		.process = *owner_of(connection),
		.server_port = server_port(connection),
		.role = connection->role,
		.family = connection->family,
	};

	return connection->watched ? sonde_slot(endpoints, &key) : NULL;
}

/* Books a finished handshake, once. */
static __always_inline void handshake_opened(struct connection *connection)
{
	struct endpoint *endpoint;

	if (!connection->opening || !first_time(&connection->once.opened))
		return;
	endpoint = endpoint_of(connection);
	if (endpoint)
		sonde_add(&endpoint->opened, 1);
}

static __always_inline u32 failure_of(int error)
{
	switch (error < 0 ? -error : error) {
	case 0:
		return FAILED_CANCELLED;
	case 104: /* ECONNRESET */
		return FAILED_RESET;
	case 110: /* ETIMEDOUT */
		return FAILED_TIMEOUT;
	case 111: /* ECONNREFUSED */
		return FAILED_REFUSED;
	case 101: /* ENETUNREACH */
	case 112: /* EHOSTDOWN */
	case 113: /* EHOSTUNREACH */
		return FAILED_UNREACHABLE;
	default:
		return FAILED_OTHER;
	}
}

static __always_inline void handshake_failed(struct connection *connection, struct sock *sk)
{
	int error = sk->sk_err ? sk->sk_err : sk->sk_err_soft;
	struct failure_key key = {
		.process = *owner_of(connection),
		.peer = connection->peer,
		.server_port = server_port(connection),
		.role = connection->role,
		.family = connection->family,
		.reason = failure_of(error),
	};
	struct failures *entry = connection->watched ? sonde_slot(failures, &key) : NULL;

	if (entry)
		sonde_add(&entry->count, 1);
	if (connection->watched)
		report(connection, &key.process, EVENT_CONNECT_FAILED, 0, key.reason);
}

static __always_inline void handshake_closed(struct connection *connection)
{
	struct endpoint *endpoint = endpoint_of(connection);

	if (!endpoint)
		return;
	if (connection->opening && first_time(&connection->once.opened))
		sonde_add(&endpoint->opened, 1);
	sonde_add(&endpoint->closed, 1);
}

/* Drops are told with the listener's own lock not held, so they are booked like everything else: once. */
static __always_inline struct listener *listener_book(struct connection *connection, struct sock *sk)
{
	struct listener_key key = {
		.process = *owner_of(connection),
		.local = connection->local,
		.server_port = connection->local_port,
		.family = connection->family,
	};
	struct listener *listener = connection->watched ? sonde_slot(listeners, &key) : NULL;

	if (listener)
		sonde_add(&listener->drops, advance32(&connection->booked.drops, sk->sk_drops.counter));
	return listener;
}

static __always_inline void handshake_state(struct connection *connection, struct sock *sk, int old, int new)
{
	if (new == TCP_ESTABLISHED) {
		connection->opening = 1;
	} else if (new == TCP_CLOSE) {
		if (old == TCP_LISTEN)
			listener_book(connection, sk);
		else if (connection->established)
			handshake_closed(connection);
		else
			handshake_failed(connection, sk);
	}
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(handshake_retransmit, struct sock *sk)
{
	struct connection *connection;
	struct endpoint *endpoint;

	if (sk->__sk_common.skc_state != TCP_SYN_SENT || !is_tcp(sk))
		return 0;
	connection = connection_of(sk);
	endpoint = connection ? endpoint_of(connection) : NULL;
	if (endpoint)
		sonde_add(&endpoint->syn_retransmits, 1);
	return 0;
}

SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(handshake_retransmit_synack, struct sock *sk)
{
	struct connection *connection = is_tcp(sk) ? connection_of(sk) : NULL;
	struct endpoint *endpoint = connection ? endpoint_of(connection) : NULL;

	if (endpoint)
		sonde_add(&endpoint->synack_retransmits, 1);
	return 0;
}

/* Before each snapshot: how full the queues of the listeners are, and which handshakes are done. */
static __always_inline void handshake_walk(struct connection *connection, struct sock *sk, u64 walk)
{
	struct listener *listener;
	bool first;

	if (sk->__sk_common.skc_state != TCP_LISTEN) {
		handshake_opened(connection);
		return;
	}
	listener = listener_book(connection, sk);
	if (!listener)
		return;
	first = listener->walk != walk;
	listener->walk = walk;
	listener->backlog = (first ? 0 : listener->backlog) + sk->sk_ack_backlog;
	listener->backlog_limit = (first ? 0 : listener->backlog_limit) + sk->sk_max_ack_backlog;
}

#endif
