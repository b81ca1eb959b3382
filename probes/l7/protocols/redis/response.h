/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads responses. */
#ifndef L7_REDIS_RESPONSE_H
#define L7_REDIS_RESPONSE_H

#include "pipeline.h"
#include "record.h"

/* How many responses in a row are to the same request, or run of equal ones; at least one. */
static __always_inline u32 redis_expected(struct connection *connection)
{
	if (connection->flags || !has_exchange(connection))
		return 1;
	return exchange_at(connection, connection->taken)->requests - connection->answered;
}

/* Whole responses have come: no more than redis_expected(). */
static __always_inline void redis_answered(struct cursor *cursor, u32 count)
{
	struct connection *connection = cursor->connection;
	struct stream *stream = cursor->stream;
	struct exchange *exchange;
	u64 flags;

	message_ends(stream);
	connection->confirmed = 1;
	if (stream->flags & REDIS_PUSHED || connection->flags & REDIS_LISTENS)
		return;
	if (stream->flags & REDIS_CONFIRMS) {
		if (connection->extra) {
			connection->extra--;
			return;
		}
		if (!has_exchange(connection))
			return;
	}
	exchange = exchange_first(connection, count);
	if (!exchange)
		return;
	flags = redis_flags_of(exchange->operation);
	if (unlikely(flags & (REDIS_SUBSCRIBE | REDIS_LISTEN | REDIS_LEAVE))) {
		if (flags & REDIS_SUBSCRIBE)
			connection->extra = exchange->detail && !stream->error[0] ? exchange->detail - 1 : 0;
		else if (flags & REDIS_LISTEN)
			connection->flags |= REDIS_LISTENS;
		else
			connection->protocol = PROTOCOL_OTHER;
	} else if (stream->flags & REDIS_CONFIRMS) {
		return;
	}
	if (unlikely(cursor->captures))
		redis_tell_span(cursor->captures, connection, cursor->call, cursor->window, count);
	if (cursor->call->run && (cursor->call->run_operation != exchange->operation || cursor->call->run_first != exchange->first))
		redis_record_run(cursor);
	if (unlikely(stream->error[0])) {
		redis_record(connection, cursor->call->now - exchange->first, 1, exchange->operation,
			     (const struct redis_error *)stream->error);
	} else {
		cursor->call->run += count;
		cursor->call->run_first = exchange->first;
		cursor->call->run_operation = exchange->operation;
	}
	exchange_answered(connection, exchange, count);
}

/* The name of an error: its first word if that is in capitals, else "ERR". */
__noinline int redis_name_error(const struct window *window, u32 at, struct redis_error *error)
{
	u32 length = 0;

	if (!window || !error)
		return 0;
	__builtin_memset(error, 0, sizeof(*error));
	for (u32 i = 0; i < sizeof(error->name) - 1; i++) {
		u8 byte = window_byte(window, at + i);

		if ((u8)(byte - 'A') >= 26)
			break;
		error->name[i] = byte;
		length++;
	}
	if (!length)
		__builtin_memcpy(error->name, "ERR", 3);
	return 0;
}

/* What a pushed value, or one of a connection that subscribes, says in its first string. */
static __always_inline u32 redis_kind(u64 word, u64 length, bool pushed)
{
	u64 start = low_bytes(word, 3);

	if (length >= 9 && length <= 12 &&
	    (start == TEXT("sub") || start == TEXT("psu") || start == TEXT("ssu") ||
	     start == TEXT("uns") || start == TEXT("pun") || start == TEXT("sun")))
		return REDIS_CONFIRMS;
	if (pushed || (length == 7 && low_bytes(word, 7) == TEXT("message")) ||
	    (length == 8 && low_bytes(word >> 8, 7) == TEXT("message")))
		return REDIS_PUSHED;
	return 0;
}

/* '*', '~', '>', '%', '|': a number of values follows. */
static __always_inline enum step redis_aggregate(struct cursor *cursor, u8 type)
{
	struct stream *stream = cursor->stream;
	bool pushed = type == '>';
	u64 count, length;
	u32 line = redis_number(cursor, 0, &count), first;

	if (!line)
		return fetch(cursor);
	if (line == REDIS_MALFORMED || (count > REDIS_LENGTH_MAX && count != REDIS_NULL))
		return broken(cursor);
	if (stream->flags & REDIS_TOP && (pushed || (type == '*' && cursor->connection->flags & REDIS_SUBSCRIBED)) && count &&
	    count != REDIS_NULL) {
		first = redis_number(cursor, line, &length);
		if (!first || (first != REDIS_MALFORMED && line + first + 8 > unread(cursor)))
			return fetch(cursor);
		if (first != REDIS_MALFORMED)
			stream->flags |= redis_kind(word_at(cursor, line + first), length, pushed);
	}
	cursor->call->at += line;
	if (count == REDIS_NULL)
		count = 0;
	stream->elements += type == '%' ? 2 * count : count;
	if (type == '|') /* attributes, in front of the value itself */
		stream->elements += count + 1;
	else
		stream->flags &= ~REDIS_TOP;
	stream->elements--;
	return GO_ON;
}

static __always_inline enum step redis_blob(struct cursor *cursor, u8 type)
{
	struct stream *stream = cursor->stream;
	u64 length;
	u32 line = redis_number(cursor, 0, &length);

	if (!line)
		return fetch(cursor);
	if (line == REDIS_MALFORMED || (length > REDIS_LENGTH_MAX && length != REDIS_NULL))
		return broken(cursor);
	if (type == '!' && stream->flags & REDIS_TOP) {
		if (line + 16 > unread(cursor) && line + length > unread(cursor))
			return fetch(cursor);
		redis_name_error(cursor->window, cursor->call->at + line, (struct redis_error *)stream->error);
	}
	cursor->call->at += line;
	stream->flags &= ~REDIS_TOP;
	stream->elements--;
	if (length != REDIS_NULL)
		pass(cursor, length + 2);
	return GO_ON;
}

static __always_inline enum step redis_value(struct cursor *cursor)
{
	struct stream *stream = cursor->stream;
	u64 word = word_at(cursor, 0);
	u8 type = word;

	if (!unread(cursor))
		return fetch(cursor);
	switch (type) {
	case '+':
		if (low_bytes(word, 5) == REDIS_OK && unread(cursor) >= 5) {
			cursor->call->at += 5;
			stream->elements--;
			return GO_ON;
		}
		break;
	case '-':
		if (!(stream->flags & REDIS_TOP))
			break;
		if (!word_length(cursor->window, cursor->call->at, cursor->call->end, 17))
			return fetch(cursor);
		redis_name_error(cursor->window, cursor->call->at + 1, (struct redis_error *)stream->error);
		break;
	case ':':
	case ',':
	case '(':
	case '#':
	case '_':
		break;
	case '$':
	case '=':
	case '!':
		return redis_blob(cursor, type);
	case '*':
	case '~':
	case '>':
	case '%':
	case '|':
		return redis_aggregate(cursor, type);
	default:
		return broken(cursor);
	}
	cursor->call->at++;
	stream->flags &= ~REDIS_TOP;
	stream->elements--;
	stream->phase = REDIS_LINE;
	return GO_ON;
}

static __always_inline enum step redis_response_step(struct cursor *cursor)
{
	struct stream *stream = cursor->stream;
	u32 quick;

	switch (stream->phase) {
	case REDIS_IDLE:
		if (!unread(cursor))
			return fetch(cursor);
		message_begins(cursor);
		stream->error[0] = stream->error[1] = 0;
		stream->flags = 0;
		quick = redis_quick_values(cursor->call, cursor->window, redis_expected(cursor->connection));
		if (likely(quick)) {
			redis_answered(cursor, quick);
			return GO_ON;
		}
		stream->elements = 1;
		stream->flags = REDIS_TOP;
		stream->phase = REDIS_VALUE;
		return redis_value(cursor);
	case REDIS_VALUE:
		if (stream->elements && !(stream->flags & REDIS_TOP)) {
			quick = redis_quick_values(cursor->call, cursor->window, stream->elements);
			stream->elements -= quick;
			if (quick)
				return GO_ON;
		}
		if (stream->elements)
			return redis_value(cursor);
		redis_answered(cursor, 1);
		return GO_ON;
	default:
		if (!unread(cursor))
			return fetch(cursor);
		if (skip_line(cursor))
			stream->phase = REDIS_VALUE;
		return GO_ON;
	}
}

#endif
