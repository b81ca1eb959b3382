/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a call that read or wrote to the parser of the protocol that its connection speaks.
 *
 * Which protocol that is follows from the bytes alone, never from the port. A protocol says how sure it is of a head:
 * of what looks like a request or a response of nothing else it is sure; what it only may be is taken on trial, and
 * dropped when the other side does not answer in kind. Whatever breaks the grammar makes the engine begin anew.
 */
#ifndef L7_ENGINE_H
#define L7_ENGINE_H

#include "../../protocols/protocols.h"

__noinline int engine_infer(struct call *call, struct connection *connection, struct window *window, struct captures *captures)
{
	u32 best = GUESS_NO, protocol = PROTOCOL_UNKNOWN;

	if (!call || !connection || !window)
		return STOP;

	struct cursor whole = CURSOR(call, connection, window, captures), *cursor = &whole;

	if (!unread(cursor))
		return fetch(cursor);
	message_begins(cursor);
	PROTOCOLS_GUESS(window, call->at, call->end, best, protocol);
	if (best == GUESS_MORE)
		return unread(cursor) < CARRY - 1 ? fetch(cursor) : STOP;
	if (best == GUESS_NO) {
		if (connection->misses < 255)
			connection->misses++;
		call->at = call->end;
		message_ends(cursor->stream);
		return STOP;
	}
	connection->protocol = protocol;
	connection->confirmed = best != GUESS_REQUEST_ON_TRIAL;
	connection->role = (best != GUESS_RESPONSE) == (call->way == RECEIVED) ? ROLE_SERVER : ROLE_CLIENT;
	connection->misses = 0;
	stream_forget(stream_of(connection, !call->way));
	cursor->stream->phase = 0;
	return GO_ON;
}

/* What the steps of one call share. */
struct engine {
	struct connection *connection;
	struct desk *desk;
	struct captures *captures;
};

static long engine_step(u32 index, struct engine *engine)
{
	struct connection *connection = engine->connection;
	struct window *window = &engine->desk->window;
	struct captures *captures = engine->captures;
	struct call *call = &engine->desk->call;
	struct stream *stream = stream_of(connection, call->way);
	u64 step = STOP;

	if (stream->skip) {
		struct cursor cursor = { call, connection, stream, window, captures };

		capture_cut(&cursor);
		step = skip(call, stream);
	} else {
		switch (connection->protocol) {
		case PROTOCOL_UNKNOWN:
			step = engine_infer(call, connection, window, captures);
			break;
		PROTOCOLS_STEP(step, call, connection, window, captures)
		}
	}
	/* Of a global function the verifier knows only the type. */
	asm volatile("" : "+r"(step));
	return step & 1 || (!stream->begun && is_over(call));
}

/* Steps that one call may take: 64 KiB of the shortest elements of Redis are 9362. */
#define STEPS_MAX 16384

/* Reads the call. Most are read in one step: the loop costs as much as some of those do. */
static __always_inline void take_steps(struct engine *engine, struct stream *stream)
{
	struct call *call = &engine->desk->call;

	if (stream->skip || is_over(call))
		take_kept(call, stream, &engine->desk->window);
	else if (fill(call, engine->connection, &engine->desk->window) == STOP)
		return;
	if (engine_step(0, engine))
		return;
	if (bpf_loop(STEPS_MAX, engine_step, engine, 0) == STEPS_MAX) {
		sonde_lost(SONDE_LOSS_UNPARSED, 1);
		connection_forget(engine->connection);
	}
}

/* Bytes went by that nobody showed: a body is shorter by them, anything else is lost. */
static __always_inline void passed(struct connection *connection, struct stream *stream, u64 size, u32 cause)
{
	if (stream->skip >= size) {
		stream->skip -= size;
		return;
	}
	if (connection->protocol == PROTOCOL_UNKNOWN && cause != SONDE_LOSS_UNSEEN)
		return; /* nobody knows that it was a request */
	sonde_lost(cause, 1);
	connection_forget(connection);
}

/* Whether bytes were taken from a TCP stream since the last call that no call showed, as splice() does. */
static __always_inline void mind_gap(struct connection *connection, struct stream *stream, struct sock *sk, u32 size, u32 later)
{
	u32 now, gap;

	if (socket_read(sk, __sk_common.skc_family) == AF_UNIX)
		return;
	now = copied_seq(sk) - later;
	gap = now - size - stream->sequence;
	stream->sequence = now;
	if (stream->sequenced && gap && (s32)gap > 0 && gap != 1)
		passed(connection, stream, gap, SONDE_LOSS_GAP);
	stream->sequenced = 1;
}

/* How many calls of a connection that speaks nothing we know are looked at before only some are. */
#define PATIENCE 16

static __always_inline bool is_worth_a_look(struct connection *connection)
{
	if (connection->protocol == PROTOCOL_OTHER)
		return false;
	if (likely(connection->protocol != PROTOCOL_UNKNOWN || connection->misses < PATIENCE))
		return true;
	connection->streams[SENT].carried = connection->streams[RECEIVED].carried = 0;
	if (++connection->misses < 2 * PATIENCE)
		return false;
	connection->misses = PATIENCE;
	return true;
}

static __always_inline int observe(struct sock *sk, int size, enum way way, struct desk *desk)
{
	struct engine engine = {};
	struct connection *connection;
	struct stream *stream;
	struct window *window;
	struct call *call;
	enum sight sight;

	if (!desk || !is_stream(sk) || !sonde_target_match())
		return 0;
	connection = connection_of(sk);
	if (!connection)
		return 0;
	stream = &connection->streams[way];
	sonde_process_current(&connection->owner);
	if (way == RECEIVED)
		mind_gap(connection, stream, sk, size, desk->later);
	if (!is_worth_a_look(connection))
		return 0;
	if (__sync_lock_test_and_set(&stream->busy, 1)) {
		sonde_lost(SONDE_LOSS_CONTENDED, 1);
		return 0;
	}
	engine.connection = connection;
	engine.desk = desk;
	engine.captures = captures_of(sk, true);
	window = &desk->window;
	call = &desk->call;
	__builtin_memset(call, 0, sizeof(*call));
	call->way = way;
	call->now = stream->last = bpf_ktime_get_ns();
	sight = payload_of(&call->payload, stream, size);
	if (unlikely(sight != SEEN))
		passed(connection, stream, size, sight == UNSEEN ? SONDE_LOSS_UNSEEN : SONDE_LOSS_GAP);
	take_steps(&engine, stream);
	PROTOCOLS_FINISH(call, connection, window, engine.captures);
	if (connection->protocol && !connection->addressed)
		take_addresses(connection, sk);
	stream->busy = 0;
	return 0;
}

/* A vector of messages is over; `more` than were looked at. */
static __always_inline int observe_messages(struct sock *sk, enum way way, bool more)
{
	struct connection *connection = is_stream(sk) ? sonde_socket_get(connections, sk) : NULL;

	if (!connection)
		return 0;
	stream_of(connection, way)->mmsg_next = 0;
	if (more) {
		sonde_lost(SONDE_LOSS_UNSEEN, 1);
		connection_forget(connection);
	}
	return 0;
}

/* A call found nothing to read. If it was recvmmsg(), it is over, with what it had read before. */
static __always_inline int observe_nothing(struct sock *sk)
{
	struct arguments arguments = {};

	current_arguments(&arguments);
	return unlikely(arguments.call == __NR_recvmmsg) ? observe_messages(sk, RECEIVED, false) : 0;
}

/* The peer has closed its way of the connection. */
static __always_inline int observe_end(struct sock *sk, struct desk *desk)
{
	struct connection *connection = is_stream(sk) ? sonde_socket_get(connections, sk) : NULL;

	if (!connection)
		return 0;
	PROTOCOLS_END(connection, desk ? &desk->window : NULL, captures_of(sk, false));
	if (connection->role == ROLE_CLIENT && connection->protocol)
		exchanges_drop(connection);
	return 0;
}

static __always_inline int observe_destroy(struct sock *sk, struct desk *desk)
{
	struct connection *connection = sonde_socket_get(connections, sk);

	if (connection && connection->protocol) {
		PROTOCOLS_END(connection, desk ? &desk->window : NULL, captures_of(sk, false));
		exchanges_drop(connection);
		connection->protocol = PROTOCOL_OTHER;
	}
	sonde_socket_free(connection_captures, sk);
	sonde_socket_free(connections, sk);
	return 0;
}

#endif
