/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads the first line of a head. */
#ifndef L7_HTTP1_LINE_H
#define L7_HTTP1_LINE_H

#include "message.h"

/* The number of the route of a target; its high half is set if the target does not end in the window. */
__noinline u64 http1_route(const struct window *window, u32 at, u32 end)
{
	struct path_seen *path;
	struct route route = {}; /* older verifiers let nothing pass by reference that was not written */
	u32 size, number;

	if (!window)
		return 0;
	path = path_place(window, at);
	if (!path)
		return 0;
	if (likely(path_is(path, window, at, end)))
		return path->number;
	size = route_of(window, at, end, &route);
	number = route.text[0] == '/' ? route_number(&route) : 0;
	path_remember(path, window, at, size, number);
	return number | (u64)!size << 32;
}

static __always_inline enum step http1_request_line(struct cursor *cursor)
{
	struct stream *stream = cursor->stream;
	u32 method = http1_method(word_at(cursor, 0), word_at(cursor, 8)), length = METHOD_LENGTH(method);
	u64 route;

	if (unread(cursor) < 18 && !has_line(cursor->window, cursor->call->at, cursor->call->end, 18))
		return fetch(cursor);
	if (!length || !http1_is_target(byte_at(cursor, length + 1), METHOD(method)))
		return broken(cursor);
	route = http1_route(cursor->window, cursor->call->at + length + 1, cursor->call->end);
	if (route >> 32 && unread(cursor) < CARRY - 1)
		return fetch(cursor);
	stream->operation = METHOD(method);
	stream->detail = route;
	return GO_ON;
}

static __always_inline enum step http1_response_line(struct cursor *cursor)
{
	u32 status = 0;

	if (unread(cursor) < 12)
		return fetch(cursor);
	if (low_bytes(word_at(cursor, 0), 7) != HTTP1_VERSION)
		return broken(cursor);
#pragma unroll
	for (u32 i = 9; i < 12; i++) {
		u8 digit = byte_at(cursor, i) - '0';

		if (digit > 9)
			return broken(cursor);
		status = status * 10 + digit;
	}
	cursor->stream->operation = status;
	return GO_ON;
}

static __always_inline enum step http1_first_line(struct cursor *cursor)
{
	struct stream *stream = cursor->stream;
	u32 protocol = cursor->connection->protocol;
	u32 at = cursor->call->at;

	if (!unread(cursor))
		return fetch(cursor);
	if (byte_at(cursor, 0) == '\r' || byte_at(cursor, 0) == '\n') { /* allowed between messages */
		cursor->call->at++;
		return GO_ON;
	}
	message_begins(cursor);
	stream->operation = ~0;
	if ((is_request(cursor) ? http1_request_line(cursor) : http1_response_line(cursor)) == STOP)
		return STOP;
	if (stream->operation == (u16)~0 || cursor->connection->protocol != protocol || cursor->call->at != at)
		return GO_ON;
	stream->flags = 0;
	stream->body = 0;
	stream->phase = HTTP1_LINE;
	if (is_request(cursor))
		capture_begins(cursor, 0);
	return GO_ON;
}

#endif
