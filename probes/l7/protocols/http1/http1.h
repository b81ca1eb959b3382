/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * HTTP/1.1 and 1.0. Of a head only the first line, and the fields that say how long the body is, are looked at; bodies
 * are passed over by their length, whatever it is.
 */
#ifndef L7_HTTP1_H
#define L7_HTTP1_H

#include "field.h"
#include "line.h"

static __always_inline enum step http1_chunk(struct cursor *cursor)
{
	struct stream *stream = cursor->stream;
	u64 packed, size;

	if (!has_line(cursor->window, cursor->call->at, cursor->call->end, 24))
		return fetch(cursor);
	packed = http1_hexadecimal(cursor->window, cursor->call->at);
	size = NUMBER(packed);
	if (!DIGITS(packed))
		return broken(cursor);
	stream->body += size;
	stream->elements = size;
	stream->phase = HTTP1_CHUNK_LINE;
	return GO_ON;
}

static __always_inline enum step http1_part_of(struct cursor *cursor)
{
	struct stream *stream = cursor->stream;
	struct call *call = cursor->call;

	switch (stream->phase) {
	case HTTP1_IDLE:
		return http1_first_line(cursor);
	case HTTP1_FIELD:
		return http1_field(cursor);
	case HTTP1_BODY:
		http1_message_ends(cursor);
		return GO_ON;
	case HTTP1_CHUNK:
		return http1_chunk(cursor);
	case HTTP1_TRAILER:
		if (!unread(cursor))
			return fetch(cursor);
		if (byte_at(cursor, 0) == '\n' || (byte_at(cursor, 0) == '\r' && unread(cursor) >= 2)) {
			cursor->call->at += byte_at(cursor, 0) == '\n' ? 1 : 2;
			http1_message_ends(cursor);
			return GO_ON;
		}
		if (byte_at(cursor, 0) == '\r')
			return fetch(cursor);
		stream->phase = HTTP1_TRAILER_LINE;
		return GO_ON;
	}
	if (!unread(cursor))
		return fetch(cursor);
	if (stream->phase == HTTP1_LINE) {
		u64 dull = http1_dull(cursor->window, call->at, call->end);

		call->at = dull;
		if (!(dull >> 32))
			stream->phase = HTTP1_FIELD;
		return GO_ON;
	}
	if (!skip_line(cursor))
		return GO_ON;
	if (stream->phase == HTTP1_TRAILER_LINE || !stream->elements) {
		stream->phase = HTTP1_TRAILER;
	} else {
		stream->phase = HTTP1_CHUNK;
		pass(cursor, stream->elements + 2);
	}
	return GO_ON;
}

/* One part of a message. A global function: the verifier looks at it once, and not for each part of a step again. */
__noinline int http1_part(struct call *call, struct connection *connection, struct window *window, struct captures *captures)
{
	if (!call || !connection || !window)
		return STOP;

	struct cursor cursor = CURSOR(call, connection, window, captures);

	return http1_part_of(&cursor);
}

/* Parts of a message that one step takes: a line that matters is two. */
#define HTTP1_AT_ONCE 12

/* Some steps of either stream. A global function, so that the verifier looks at each protocol by itself. */
__noinline int http1_step(struct call *call, struct connection *connection, struct window *window, struct captures *captures)
{
	u32 left = HTTP1_AT_ONCE;
	struct stream *stream;

	if (!call || !connection || !window)
		return STOP;
	stream = stream_of(connection, call->way);
	do {
		/* Counted first: to the verifier of 6.1 a loop goes back by a jump, not by running into its beginning. */
		left--;
		asm volatile("" : "+r"(left));
		if (stream->skip && skip(call, stream) == STOP)
			return STOP;
		if (http1_part(call, connection, window, captures))
			return STOP;
		if (connection->protocol != PROTOCOL_HTTP1 || (!stream->begun && is_over(call)))
			break;
	} while (left);
	return GO_ON;
}

/* The connection ends, or one way of it: so does a response without a length. */
static __always_inline void http1_end(struct connection *connection, struct window *window, struct captures *captures)
{
	struct stream *response = stream_of(connection, connection->role == ROLE_CLIENT);

	if (connection->protocol != PROTOCOL_HTTP1 || response->phase != HTTP1_TO_THE_END)
		return;
	response->body = HTTP1_NO_END - response->skip;
	response->skip = 0;
	http1_answered(connection, response, response->last, window, captures);
}

#endif
