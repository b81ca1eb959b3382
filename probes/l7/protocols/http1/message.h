/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where messages, their heads and their bodies end. */
#ifndef L7_HTTP1_MESSAGE_H
#define L7_HTTP1_MESSAGE_H

#include "record.h"

/* A whole response has come, and its last byte at `last`. */
static __always_inline void http1_answered(struct connection *connection, struct stream *stream, u64 last, struct window *window,
					   struct captures *captures)
{
	struct exchange *exchange = exchange_first(connection, 1);
	u32 status = stream->operation;

	connection->confirmed = 1;
	message_ends(stream);
	if (!exchange)
		return;
	http1_record(connection, exchange, stream, last);
	if (unlikely(captures))
		http1_tell_span(captures, connection, stream, window, last);
	if (status == 101 || (exchange->operation == HTTP1_CONNECT && status >= 200 && status < 300))
		connection->protocol = PROTOCOL_OTHER;
	exchange_answered(connection, exchange, 1);
}

/* The body of a request is whole, after its head was queued: tell the exchange how long it was. */
static __always_inline void http1_requested(struct connection *connection, struct stream *stream)
{
	message_ends(stream);
	if (stream->number + 1 == connection->added)
		exchange_at(connection, stream->number)->body = stream->body;
}

static __always_inline void http1_message_ends(struct cursor *cursor)
{
	if (is_request(cursor))
		http1_requested(cursor->connection, cursor->stream);
	else
		http1_answered(cursor->connection, cursor->stream, cursor->call->now, cursor->window, cursor->captures);
}

static __always_inline void http1_body_by_length(struct cursor *cursor)
{
	cursor->stream->phase = HTTP1_BODY;
	pass(cursor, cursor->stream->body);
}

static __always_inline enum step http1_request_head_ends(struct cursor *cursor)
{
	struct connection *connection = cursor->connection;
	struct stream *stream = cursor->stream;
	struct exchange exchange = {
		.first = stream->first,
		.body = stream->body,
		.requests = 1,
		.operation = stream->operation,
		.detail = stream->detail,
	};

	capture_ends(cursor);
	stream->number = exchange_add(connection, &exchange);
	if (stream->flags & HTTP1_CHUNKED) {
		stream->body = 0;
		stream->phase = HTTP1_CHUNK;
	} else {
		http1_body_by_length(cursor);
	}
	return GO_ON;
}

static __always_inline enum step http1_response_head_ends(struct cursor *cursor)
{
	struct connection *connection = cursor->connection;
	struct stream *stream = cursor->stream;
	u32 status = stream->operation, method = HTTP1_OTHER;

	if (has_exchange(connection))
		method = exchange_at(connection, connection->taken)->operation;
	if (status < 200 && status != 101) { /* an interim response: the real one is still to come */
		message_ends(stream);
		return GO_ON;
	}
	if (status < 200 || method == HTTP1_HEAD || status == 204 || status == 304 ||
	    (method == HTTP1_CONNECT && status < 300)) {
		stream->body = 0;
		http1_body_by_length(cursor);
	} else if (stream->flags & HTTP1_CHUNKED) {
		stream->body = 0;
		stream->phase = HTTP1_CHUNK;
	} else if (stream->flags & HTTP1_HAS_LENGTH) {
		http1_body_by_length(cursor);
	} else {
		stream->phase = HTTP1_TO_THE_END;
		stream->skip = HTTP1_NO_END;
	}
	return GO_ON;
}

#endif
