/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is kept with each connection: which protocol it speaks, how far each of its two streams has been read, and
 * which requests wait for their response.
 */
#ifndef L7_CONNECTION_H
#define L7_CONNECTION_H

#include "kernel.h"
#include "loss.h"

/* A token (a line's head, a length) that is cut by the end of a call is kept until the next; longer ones are cut off. */
#define CARRY 64

/* Requests that a connection may have open. A run of equal commands in one write takes one place. */
#define EXCHANGES 64

enum protocol {
	PROTOCOL_UNKNOWN,
	PROTOCOL_REDIS,
	PROTOCOL_HTTP1,
	PROTOCOL_OTHER, /* handed over: what follows is none of ours */
};

enum role { ROLE_CLIENT, ROLE_SERVER };

enum way { SENT, RECEIVED };

/* One of the two streams of a connection. */
struct stream {
	u64 skip;	/* bytes that come next and need not be looked at */
	u64 first;	/* when the first byte of the message at hand came */
	u64 last;	/* when the last byte came */
	u64 body;	/* of the message at hand: how long its body is, as far as known */
	u64 elements;	/* of the message at hand: how many parts are still to come */
	u32 number;	/* of the message at hand: which exchange it is of */
	u16 operation;	/* of the message at hand, of its protocol */
	u16 detail;	/* of the message at hand, of its protocol */
	u16 flags;	/* of the message at hand: a set of its protocol */
	u8 phase;	/* of the message at hand: what comes next; 0 between messages */
	u8 reserved;
	u16 carried;	/* bytes in `carry` */
	u32 busy;	/* a program is at work on it */
	u32 sequence;	/* TCP: of the next byte to be received, where `sequenced` */
	u8 sequenced;
	u8 begun;	/* a message is at hand */
	u16 mmsg_next;	/* the message of the vector of sendmmsg() or recvmmsg() that comes next */
	u64 mmsg_vector;
	u64 error[2];	/* of the message at hand: the name of an error */
	u8 carry[CARRY];
};

_Static_assert((CARRY & (CARRY - 1)) == 0, "cursor.h masks by it");

/* A request, or a run of equal ones, that waits for its response. */
struct exchange {
	u64 first;	/* when its first byte came */
	u64 body;	/* bytes */
	u32 requests;	/* how many of them */
	u16 operation;	/* of its protocol */
	u16 detail;	/* of its protocol */
};

struct connection {
	struct sonde_process owner; /* the last that read or wrote */
	u8 protocol;
	u8 role;
	u8 confirmed; /* the peer answered in the same protocol: the guess was right */
	u8 misses;    /* calls that began with nothing known */
	u16 flags;    /* a set of the protocol's, for the connection */
	u16 reserved;
	/* Exchanges are added by the requests' side and taken by the responses' side: each moves its own end only. */
	u32 added, taken;
	u64 answered;	/* how many of the run at the front have been answered */
	u64 unqueued;	/* requests that found no room behind the queue: they count as lost when they are answered */
	u64 extra;	/* responses still to come that belong to a request already answered */
	sonde_ip_t peer;
	sonde_port_t server_port;
	u8 transport; /* enum transport */
	u8 addressed; /* peer and port have been taken */
	u32 inode;    /* of the socket, where sockets are told apart by their addresses */
	struct stream streams[2];
	struct exchange exchanges[EXCHANGES];
};

enum transport { TRANSPORT_TCP, TRANSPORT_UNIX };

/* With what the kernel puts in front of it, it is to fit into 2 KB: the next size is 4. */
_Static_assert(sizeof(struct connection) <= 2048 - 96, "twice the memory");

/*
 * One for each socket that reads or writes a stream: 2 KB, allocated with the first byte, freed with the socket.
 * As a hash: 16384 x 2.1 KB, 34 MB when it is full.
 */
SONDE_SOCKET_STATE(connections, struct connection, 0, 16384);

static __always_inline bool is_stream(struct sock *sk)
{
	u16 family = socket_read(sk, __sk_common.skc_family);

	if (family == AF_INET || family == AF_INET6)
		return socket_read(sk, sk_protocol) == IPPROTO_TCP;
	return family == AF_UNIX && socket_read(sk, sk_type) == SOCK_STREAM;
}

static __always_inline struct connection *connection_of(struct sock *sk)
{
	struct connection *connection = sonde_socket_new(connections, sk);

#ifdef SONDE_SOCKET_HASH
	/* Another socket was there before, and nobody told of its end. */
	u32 inode = BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);

	if (connection && connection->inode && connection->inode != inode) {
		sonde_socket_free(connections, sk);
		connection = sonde_socket_new(connections, sk);
	}
	if (connection)
		connection->inode = inode;
#endif
	return connection;
}

/* The address of the peer and the server's port, once the role is known. */
static __always_inline void take_addresses(struct connection *connection, struct sock *sk)
{
	u16 family = socket_read(sk, __sk_common.skc_family);

	connection->addressed = 1;
	if (family == AF_UNIX) {
		connection->transport = TRANSPORT_UNIX;
		return;
	}
	connection->server_port = connection->role == ROLE_SERVER ?
					  socket_read(sk, __sk_common.skc_num) :
					  bpf_ntohs(socket_read(sk, __sk_common.skc_dport));
	if (family == AF_INET) {
		u32 address = socket_read(sk, __sk_common.skc_daddr);

		connection->peer.bytes[10] = connection->peer.bytes[11] = 0xff;
		__builtin_memcpy(&connection->peer.bytes[12], &address, 4);
	} else {
		bpf_core_read(&connection->peer, 16, &sk->__sk_common.skc_v6_daddr);
	}
}

static __always_inline struct stream *stream_of(struct connection *connection, u32 way)
{
	u64 index = way;

	asm volatile("" : "+r"(index));
	return &connection->streams[index & 1];
}

static __always_inline struct exchange *exchange_at(struct connection *connection, u32 index)
{
	u64 place = index;

	asm volatile("" : "+r"(place));
	place &= EXCHANGES - 1;
	return &connection->exchanges[place];
}

static __always_inline bool has_exchange(const struct connection *connection)
{
	return *(volatile u32 *)&connection->added != connection->taken;
}

/* The operation of a run of requests that found no room: each is lost when its response comes. */
#define EXCHANGE_LOST 0xffff

static __always_inline u32 exchange_put(struct connection *connection, const struct exchange *exchange)
{
	u32 added = connection->added;

	*exchange_at(connection, added) = *exchange;
	barrier();
	*(volatile u32 *)&connection->added = added + 1;
	return added;
}

/*
 * The queue is full, or was: requests that find no room are only counted. As soon as there is room again, those take one
 * place in the order, in front of what came after them. Returns whether there is. A global function: verified by itself, once.
 */
__noinline int exchange_makes_room(struct connection *connection, u32 requests)
{
	struct exchange lost = { .operation = EXCHANGE_LOST };

	if (!connection)
		return 0;
	if (EXCHANGES - (connection->added - *(volatile u32 *)&connection->taken) < 2) {
		sonde_add(&connection->unqueued, requests);
		return 0;
	}
	lost.requests = __sync_lock_test_and_set(&connection->unqueued, 0);
	if (lost.requests)
		exchange_put(connection, &lost);
	return 1;
}

/* Queues a request, or a run of equal ones. Returns the number of the exchange, or one that none has yet. */
static __always_inline u32 exchange_add(struct connection *connection, const struct exchange *exchange)
{
	bool full = connection->added - *(volatile u32 *)&connection->taken >= EXCHANGES;

	if (unlikely(connection->unqueued || full) && !exchange_makes_room(connection, exchange->requests))
		return connection->added;
	return exchange_put(connection, exchange);
}

static __always_inline void exchange_take(struct connection *connection)
{
	connection->answered = 0;
	barrier();
	*(volatile u32 *)&connection->taken = connection->taken + 1;
}

/* Counts requests of the first exchange as answered. */
static __always_inline void exchange_answered(struct connection *connection, const struct exchange *exchange, u32 count)
{
	connection->answered += count;
	if (connection->answered >= exchange->requests)
		exchange_take(connection);
}

/* Responses came to what is not in the queue: counts them. A global function: verified by itself, once. */
__noinline int exchange_missing(struct connection *connection, u32 responses)
{
	u64 unqueued;

	if (!connection)
		return 0;
	unqueued = connection->unqueued;
	if (has_exchange(connection)) {
		exchange_answered(connection, exchange_at(connection, connection->taken), responses);
		sonde_lost(SONDE_LOSS_QUEUE_FULL, responses);
	} else if (unqueued && __sync_bool_compare_and_swap(&connection->unqueued, unqueued, unqueued - 1)) {
		sonde_lost(SONDE_LOSS_QUEUE_FULL, 1);
	} else {
		sonde_lost(SONDE_LOSS_UNMATCHED, 1);
	}
	return 0;
}

/*
 * The request, or the run of them, that the next responses answer; there are several only if it is a run of so many. NULL:
 * then what is missing has been counted.
 */
static __always_inline struct exchange *exchange_first(struct connection *connection, u32 responses)
{
	struct exchange *exchange = exchange_at(connection, connection->taken);

	if (likely(has_exchange(connection) && exchange->operation != EXCHANGE_LOST))
		return exchange;
	exchange_missing(connection, responses);
	return NULL;
}

/* Gives up the requests that wait: nobody will see their responses. A global function: it is verified by itself, once. */
__noinline int exchanges_drop(struct connection *connection)
{
	u64 open;

	if (!connection)
		return 0;
	open = connection->unqueued;
	for (int i = 0; i < EXCHANGES && has_exchange(connection); i++) {
		open += exchange_at(connection, connection->taken)->requests - connection->answered;
		exchange_take(connection);
	}
	connection->unqueued = 0;
	connection->extra = 0;
	if (open)
		sonde_lost(SONDE_LOSS_OPEN_AT_EXIT, open);
	return 0;
}

static __always_inline void stream_forget(struct stream *stream)
{
	stream->phase = 0;
	stream->begun = 0;
	stream->skip = 0;
	stream->carried = 0;
	stream->elements = 0;
}

/* Begins anew with a connection, as if its first byte were still to come. */
static __always_inline void connection_forget(struct connection *connection)
{
	exchanges_drop(connection);
	stream_forget(&connection->streams[0]);
	stream_forget(&connection->streams[1]);
	connection->protocol = PROTOCOL_UNKNOWN;
	connection->confirmed = 0;
	connection->addressed = 0;
	connection->flags = 0;
	connection->misses = 0;
}

#endif
