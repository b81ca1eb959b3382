/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads requests. */
#ifndef L7_REDIS_REQUEST_H
#define L7_REDIS_REQUEST_H

#include "pipeline.h"
#include "record.h"

/* Requests of a call wait here until another command comes, or the call ends. */
static __always_inline void redis_queue_run(struct cursor *cursor)
{
	struct exchange exchange = {
		.first = cursor->call->run_first,
		.requests = cursor->call->run,
		.operation = cursor->call->run_operation,
		.detail = cursor->call->run_detail,
	};

	if (cursor->call->run)
		exchange_add(cursor->connection, &exchange);
	cursor->call->run = 0;
}

/* Responses of a call wait here likewise. */
static __always_inline void redis_record_run(struct cursor *cursor)
{
	if (cursor->call->run)
		redis_record(cursor->connection, cursor->call->now - cursor->call->run_first, cursor->call->run, cursor->call->run_operation, NULL);
	cursor->call->run = 0;
}

static __always_inline void redis_requested(struct cursor *cursor, u32 count)
{
	struct stream *stream = cursor->stream;
	u64 flags = redis_flags_of(stream->operation);

	message_ends(stream);
	if (cursor->call->run && (cursor->call->run_operation != stream->operation || cursor->call->run_first != stream->first || flags))
		redis_queue_run(cursor);
	if (!cursor->call->run)
		capture_ends(cursor);
	cursor->call->run += count;
	cursor->call->run_first = stream->first;
	cursor->call->run_operation = stream->operation;
	cursor->call->run_detail = stream->detail;
	if (flags & REDIS_SUBSCRIBE)
		cursor->connection->flags |= REDIS_SUBSCRIBED;
}

/* A request begins at the byte at hand. A run that is still to be queued is an exchange of its own. */
static __always_inline void redis_capture(struct cursor *cursor)
{
	capture_begins(cursor, cursor->call->run ? 1 : 0);
}

static __always_inline enum step redis_inline(struct cursor *cursor)
{
	struct stream *stream = cursor->stream;
	u32 length;

	if (byte_at(cursor, 0) == '\r' || byte_at(cursor, 0) == '\n') {
		cursor->call->at++;
		message_ends(stream);
		return GO_ON;
	}
	if (!is_letter(byte_at(cursor, 0)))
		return broken(cursor);
	length = word_length(cursor->window, cursor->call->at, cursor->call->end, REDIS_NAME);
	if (!length)
		return fetch(cursor);
	stream->operation = length > REDIS_NAME ? 0 : redis_command_at(cursor->window, cursor->call->at, length);
	if (!stream->operation && !cursor->connection->confirmed)
		return broken(cursor);
	stream->detail = 1;
	stream->phase = REDIS_INLINE;
	redis_capture(cursor);
	return GO_ON;
}

static __always_inline enum step redis_request_begins(struct cursor *cursor)
{
	struct stream *stream = cursor->stream;
	u64 number;
	u32 line;

	if (byte_at(cursor, 0) != '*')
		return redis_inline(cursor);
	line = redis_number(cursor, 0, &number);
	if (!line)
		return fetch(cursor);
	if (line == REDIS_MALFORMED || number > (1 << 20))
		return broken(cursor);
	redis_capture(cursor);
	cursor->call->at += line;
	stream->elements = number;
	stream->detail = number - 1;
	stream->phase = REDIS_COMMAND;
	if (!number)
		message_ends(stream);
	return GO_ON;
}

static __always_inline enum step redis_request_command(struct cursor *cursor)
{
	struct stream *stream = cursor->stream;
	u64 length;
	u32 line;

	line = redis_number(cursor, 0, &length);
	if (unread(cursor) && byte_at(cursor, 0) != '$')
		return broken(cursor);
	if (!line)
		return fetch(cursor);
	if (line == REDIS_MALFORMED || length > REDIS_LENGTH_MAX)
		return broken(cursor);
	stream->operation = 0;
	if (length <= REDIS_NAME) {
		if (line + length > unread(cursor))
			return fetch(cursor);
		stream->operation = redis_command_at(cursor->window, cursor->call->at + line, length);
	}
	cursor->call->at += line;
	stream->elements--;
	stream->phase = REDIS_VALUE;
	pass(cursor, length + 2);
	return GO_ON;
}

static __always_inline enum step redis_request_argument(struct cursor *cursor)
{
	struct stream *stream = cursor->stream;
	u64 length;
	u32 line;

	if (unread(cursor) && byte_at(cursor, 0) != '$')
		return broken(cursor);
	line = redis_number(cursor, 0, &length);
	if (!line)
		return fetch(cursor);
	if (line == REDIS_MALFORMED || length > REDIS_LENGTH_MAX)
		return broken(cursor);
	if (unlikely(length == 5 && redis_flags_of(stream->operation) & REDIS_MAY_BLOCK)) {
		if (line + length > unread(cursor))
			return fetch(cursor);
		if (low_bytes(word_at(cursor, line) | LOWER, 5) == TEXT("block"))
			stream->operation |= REDIS_BLOCKED;
	}
	cursor->call->at += line;
	stream->elements--;
	pass(cursor, length + 2);
	return GO_ON;
}

static __always_inline enum step redis_request_step(struct cursor *cursor)
{
	struct stream *stream = cursor->stream;
	u64 quick;

	switch (stream->phase) {
	case REDIS_IDLE:
		if (!unread(cursor))
			return fetch(cursor);
		message_begins(cursor);
		quick = redis_quick_requests(cursor->window, cursor->call->at, cursor->call->end);
		if (unlikely(!quick))
			return redis_request_begins(cursor);
		redis_capture(cursor);
		cursor->call->at += QUICK_SIZE(quick);
		stream->operation = QUICK_COMMAND(quick);
		redis_requested(cursor, QUICK_COUNT(quick));
		return GO_ON;
	case REDIS_COMMAND:
		return redis_request_command(cursor);
	case REDIS_VALUE:
		if (stream->elements)
			return redis_request_argument(cursor);
		redis_requested(cursor, 1);
		return GO_ON;
	default:
		if (!unread(cursor))
			return fetch(cursor);
		if (skip_line(cursor))
			redis_requested(cursor, 1);
		return GO_ON;
	}
}

#endif
