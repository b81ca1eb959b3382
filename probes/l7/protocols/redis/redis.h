/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Redis: RESP2 and RESP3, inline commands, pipelines, subscriptions.
 *
 * A request is an array of strings, the first of which names the command. A response is one value, which may hold
 * others: as each says how many come, one number tells when it is whole. Lengths are read, contents skipped.
 */
#ifndef L7_REDIS_H
#define L7_REDIS_H

#include "../../bpf/engine/span.h"

#define REDIS_NAME 24

enum redis_flag {
	REDIS_BLOCKING = 1,
	REDIS_MAY_BLOCK = 2,
	REDIS_SUBSCRIBE = 4,
	REDIS_LISTEN = 8,
	REDIS_LEAVE = 16,
};

struct redis_command {
	char name[REDIS_NAME];
	u64 flags;
};

#include "commands.h"

enum redis_phase {
	REDIS_IDLE,
	REDIS_COMMAND,	/* of a request: the name of the command is next */
	REDIS_VALUE,	/* an argument, or a value of a response, is next */
	REDIS_LINE,	/* the rest of a line is next, and then as above */
	REDIS_INLINE,	/* the rest of an inline command is next */
};

/* stream.flags of a response */
#define REDIS_TOP 1	 /* its first value has not been read */
#define REDIS_PUSHED 2	 /* nobody asked for it */
#define REDIS_CONFIRMS 4 /* it confirms a subscription */

/* connection.flags */
#define REDIS_SUBSCRIBED 1
#define REDIS_LISTENS 2

/* exchange.operation: the command's number, and this */
#define REDIS_BLOCKED 0x8000

/* Larger than what Redis takes (proto-max-bulk-len is 512 MB) or sends. */
#define REDIS_LENGTH_MAX (1ULL << 33)
#define REDIS_NULL ((1ULL << 56) - 1)

struct redis_key {
	struct sonde_process process;
	char command[REDIS_NAME];
	char error[16];
	sonde_ip_t peer;
	sonde_port_t port;
	u8 transport;
	u8 blocking;
	u32 system; /* 0: redis */
};

struct redis_operations {
	sonde_histogram_t duration;
};

/* The param maxSeries; 2048 of (80 B key, 856 B value, 48 B of the map's own): 2 MB each. */
SONDE_HASH(redis_servers, struct redis_key, struct redis_operations, 2048);
SONDE_HASH(redis_clients, struct redis_key, struct redis_operations, 2048);

/*
 * A line of a type, a number and "\r\n", such as "$12": its length in the high byte, or 0 if more bytes are needed, or
 * REDIS_MALFORMED; and the number, where -1 is REDIS_NULL.
 */
#define REDIS_MALFORMED 255

__noinline u64 redis_number_line(const struct window *window, u32 at, u32 end)
{
	u64 low, high, packed;
	u32 digits;

	if (!window)
		return 0;
	low = window_word(window, at + 1);
	high = window_word(window, at + 9);
	packed = low_bytes(low, 2) == TEXT("-1") ? 2ULL << 56 | REDIS_NULL : decimal_of(low, high);
	digits = DIGITS(packed);
	if (at + digits + 3 > end)
		return end - at < 16 ? 0 : (u64)REDIS_MALFORMED << 56;
	if (!digits || window_byte(window, at + digits + 1) != '\r')
		return (u64)REDIS_MALFORMED << 56;
	return packed + (3ULL << 56);
}

static __always_inline u32 redis_number(const struct cursor *cursor, u32 offset, u64 *number)
{
	u64 packed = redis_number_line(cursor->window, cursor->call->at + offset, cursor->call->end);

	*number = NUMBER(packed);
	return DIGITS(packed);
}

/* The number of the command whose name this is, in capitals or not; 0 for one that is not known. */
static __always_inline u32 redis_find_command(u64 a, u64 b, u64 c, u32 length)
{
	const u64 upper = 0xdfdfdfdfdfdfdfdfULL;
	const struct redis_command *command;
	u64 place;
	u32 number;

	a = low_bytes(a, length) & upper;
	b = length > 8 ? low_bytes(b, length - 8) & upper : 0;
	c = length > 16 ? low_bytes(c, length - 16) & upper : 0;
	place = ((a ^ b * 3 ^ c * 5) * REDIS_HASH_FACTOR) >> REDIS_HASH_SHIFT;
	asm volatile("" : "+r"(place));
	number = redis_places[place & (sizeof(redis_places) / 2 - 1)];
	command = &redis_commands[number & 511];
	if ((*(u64 *)&command->name[0] & upper) != a || (*(u64 *)&command->name[8] & upper) != b ||
	    (*(u64 *)&command->name[16] & upper) != c)
		return 0;
	return number;
}

static __always_inline u32 redis_command_at(const struct window *window, u32 at, u32 length)
{
	return redis_find_command(window_word(window, at), window_word(window, at + 8), window_word(window, at + 16), length);
}

/*
 * What a quick look found: how many bytes the messages take, how many there are, and of requests the command. Nothing,
 * if the first is not whole or not of the simplest kind: then it is read step by step.
 */
#define QUICK(size, count, command) ((u64)(size) << 32 | (count) << 16 | (command))
#define QUICK_SIZE(quick) ((u32)((quick) >> 32))
#define QUICK_COUNT(quick) ((u32)(quick) >> 16)
#define QUICK_COMMAND(quick) ((u32)(quick) & 0xffff)
/* How many messages one look takes. */
#define QUICK_MESSAGES 32

/* 1 for a digit, without a branch: each would double the verifier's work. */
static __always_inline u64 redis_is_digit(u64 word, u32 index)
{
	return ((u64)(u8)((u8)(word >> index * 8) - '0') - 10) >> 63;
}

/* The size of "$12\r\n" and the string behind it, for a length of up to three digits, and which bytes are the line; 0 for anything else. */
static __always_inline u32 redis_quick_string(u64 word, u64 *line)
{
	u64 second = redis_is_digit(word, 2), third = redis_is_digit(word, 3) & second, digits = 1 + second + third;
	u64 length = word >> 8 & 15;

	length += second * (9 * length + (word >> 16 & 15));
	length += third * (9 * length + (word >> 24 & 15));
	if (((u8)word ^ '$') | ((u8)(word >> (8 + digits * 8)) ^ '\r') | (redis_is_digit(word, 1) ^ 1))
		return 0;
	*line = ~0ULL >> (40 - digits * 8);
	return digits + length + 5;
}

#define REDIS_QUICK_ARGUMENTS 4

/* How a message looks: what stands where of it, but for the contents of its arguments. */
struct redis_shape {
	u64 head, name, name_mask;
	u64 line[REDIS_QUICK_ARGUMENTS], mask[REDIS_QUICK_ARGUMENTS];
	u32 place[REDIS_QUICK_ARGUMENTS];
	u32 size;
};

/* How many messages of one shape come in a row. One branch a message, whatever its length. */
static __always_inline u32 redis_count_alike(const struct window *window, u32 at, u32 end, const struct redis_shape *shape)
{
	for (u32 i = 1; i < QUICK_MESSAGES; i++) {
		u64 other;

		at += shape->size;
		other = (window_word(window, at) ^ shape->head) | ((window_word(window, at + 8) ^ shape->name) & shape->name_mask);
#pragma unroll
		for (u32 j = 0; j < REDIS_QUICK_ARGUMENTS; j++)
			other |= (window_word(window, at + shape->place[j]) ^ shape->line[j]) & shape->mask[j];
		if (other | (at + shape->size > end))
			return i;
	}
	return QUICK_MESSAGES;
}

/* Requests of a few short arguments that are whole in the window, as nearly all are: one, and those like it behind it. */
__noinline u64 redis_quick_requests(const struct window *window, u32 at, u32 end)
{
	const u64 form = 0xffff00ffffff00ffULL; /* all but the two digits of "*2\r\n$3\r\n" */
	u32 arguments, length, command, size;
	struct redis_shape shape;
	u64 word;

	if (!window)
		return 0;
	shape.head = window_word(window, at);
	if ((shape.head & form) != (TEXT("*0\r\n$0\r\n") & form))
		return 0;
	arguments = (u8)(shape.head >> 8) - '1';
	length = (u8)(shape.head >> 40) - '0';
	if (arguments > REDIS_QUICK_ARGUMENTS || length - 1 >= 8)
		return 0;
	shape.name_mask = ~0ULL >> (64 - length * 8);
	shape.name = window_word(window, at + 8) & shape.name_mask;
	command = redis_find_command(shape.name, 0, 0, length);
	if (!command || redis_commands[command & 511].flags)
		return 0;
	shape.size = 8 + length + 2;
#pragma unroll
	for (u32 i = 0; i < REDIS_QUICK_ARGUMENTS; i++) {
		shape.place[i] = shape.size;
		shape.mask[i] = shape.line[i] = 0;
		if (i < arguments) {
			word = window_word(window, at + shape.size);
			size = redis_quick_string(word, &shape.mask[i]);
			if (!size)
				return 0;
			shape.line[i] = word & shape.mask[i];
			shape.size += size;
		}
	}
	if (at + shape.size > end)
		return 0;
	length = redis_count_alike(window, at, end, &shape);
	return QUICK(shape.size * length, length, command);
}

/* Reads up to `most` short values that are no errors and whole in the window; returns how many. */
__noinline u32 redis_quick_values(struct call *call, const struct window *window, u32 most)
{
	if (!call || !window)
		return 0;
	for (u32 i = 0; i < QUICK_MESSAGES; i++) {
		/* In memory the verifier forgets what it could be, and takes one round for another. */
		u32 at = *(volatile u32 *)&call->at, size = 0;
		u64 word = window_word(window, at), mask;

		if (i >= most)
			return i;
		if ((u8)word == '$')
			size = low_bytes(word, 5) == TEXT("$-1\r\n") ? 5 : redis_quick_string(word, &mask);
		else if ((u8)word == '+' || (u8)word == ':')
			size = bytes_before_newline(word) + 1;
		if (!size || size == 9 || at + size > call->end)
			return i;
		*(volatile u32 *)&call->at = at + size;
	}
	return QUICK_MESSAGES;
}

static __always_inline u64 redis_flags_of(u32 operation)
{
	return redis_commands[operation & 511].flags;
}

static __always_inline bool is_letter(u8 byte)
{
	return (u8)((byte | 0x20) - 'a') < 26;
}

static __always_inline enum guess redis_guess_request(const struct window *window, u32 at, u32 end)
{
	u64 packed = redis_number_line(window, at, end);
	u32 line = DIGITS(packed), name;

	if (!line)
		return GUESS_MORE;
	if (line == REDIS_MALFORMED || NUMBER(packed) - 1 > 1 << 20)
		return GUESS_NO;
	at += line;
	if (at < end && window_byte(window, at) != '$')
		return GUESS_NO;
	packed = redis_number_line(window, at, end);
	name = DIGITS(packed);
	if (!name)
		return GUESS_MORE;
	if (name == REDIS_MALFORMED || NUMBER(packed) - 1 >= REDIS_NAME)
		return GUESS_NO;
	if (at + name + NUMBER(packed) > end)
		return GUESS_MORE;
	return redis_command_at(window, at + name, NUMBER(packed)) ? GUESS_REQUEST : GUESS_NO;
}

#define REDIS_OK TEXT("+OK\r\n")
#define REDIS_PONG TEXT("+PONG")
#define REDIS_ERROR TEXT("-ERR ")

__noinline int redis_guess(const struct window *window, u32 at, u32 end)
{
	u64 word;
	u32 length;

	if (!window)
		return GUESS_NO;
	word = window_word(window, at);
	if ((u8)word == '*')
		return redis_guess_request(window, at, end);
	if ((u8)word == '+' || (u8)word == '-') {
		if (end - at < 5)
			return GUESS_MORE;
		word = low_bytes(word, 5);
		return word == REDIS_OK || word == REDIS_PONG || word == REDIS_ERROR ? GUESS_RESPONSE : GUESS_NO;
	}
	if (!is_letter(word))
		return GUESS_NO;
	length = word_length(window, at, end, REDIS_NAME);
	if (!length)
		return GUESS_MORE;
	if (length > REDIS_NAME || !redis_command_at(window, at, length))
		return GUESS_NO;
	return GUESS_REQUEST_ON_TRIAL;
}

struct redis_error {
	char name[16];
};

#define REDIS_REPORT 0x10 /* in sonde_event.kind */

struct redis_report {
	struct sonde_event event;
	struct report_head head;
	char command[REDIS_NAME];
	char error[16];
};
SONDE_EXPORT(struct redis_report);

static __always_inline void redis_tell(const struct connection *connection, const struct redis_key *key, u64 duration, u64 run)
{
	enum report report = report_of(key->error[0], key->blocking ? 0 : duration);
	struct redis_report *record;

	if (likely(!report))
		return;
	record = sonde_reserve(&reports, struct redis_report);
	if (!record)
		return;
	sonde_event_init(&record->event, REDIS_REPORT + report);
	report_init(&record->head, connection, duration);
	record->event.weight = run;
	__builtin_memcpy(record->command, key->command, sizeof(record->command));
	__builtin_memcpy(record->error, key->error, sizeof(record->error));
	sonde_submit(&reports, record);
}

/* Counts `run` equal operations. */
__noinline int redis_record(struct connection *connection, u64 duration, u64 run, u32 operation, const struct redis_error *error)
{
	u64 flags = redis_flags_of(operation);
	const struct redis_command *command = &redis_commands[operation & 511];
	struct redis_operations *operations;
	struct redis_key key = {};

	if (!connection)
		return 0;
	key.process = connection->owner;
	__builtin_memcpy(key.command, command->name, REDIS_NAME);
	if (error)
		__builtin_memcpy(key.error, error->name, sizeof(key.error));
	key.transport = connection->transport;
	key.port = connection->server_port;
	key.blocking = (flags & REDIS_BLOCKING) || (operation & REDIS_BLOCKED);
	if (connection->role == ROLE_CLIENT) {
		key.peer = connection->peer;
		operations = sonde_slot(redis_clients, &key);
	} else {
		operations = sonde_slot(redis_servers, &key);
	}
	if (operations)
		sonde_histogram_add_many(&operations->duration, duration, run);
	redis_tell(connection, &key, duration, run);
	return 0;
}

struct redis_span {
	struct span span;
	char command[REDIS_NAME];
	char error[16];
};
SONDE_EXPORT(struct redis_span);

_Static_assert(sizeof(struct redis_span) <= SPAN_MAX, "larger than the place where it is put together");

/* The first `count` requests that wait, equal ones, have their answer: tells of them, if they are to be told of. */
__noinline int redis_tell_span(struct captures *captures, struct connection *connection, const struct call *call,
			       struct window *window, u32 count)
{
	const struct redis_command *command;
	const struct exchange *exchange;
	const struct stream *response;
	struct redis_span *record;
	enum span_reason reason;
	struct capture *capture;
	bool waits;

	if (!captures || !connection || !call || !window)
		return 0;
	record = (struct redis_span *)window->span;
	response = stream_of(connection, call->way);
	exchange = exchange_at(connection, connection->taken);
	capture = capture_first(captures, connection);
	waits = (redis_flags_of(exchange->operation) & REDIS_BLOCKING) || (exchange->operation & REDIS_BLOCKED);
	reason = span_reason_of(capture, response->error[0], waits ? 0 : call->now - exchange->first);
	if (!reason)
		return 0;
	span_init(&record->span, PROTOCOL_REDIS, connection, exchange, response, reason);
	record->span.event.weight = count;
	record->span.end = call->now;
	command = &redis_commands[exchange->operation & 511];
	__builtin_memcpy(record->command, command->name, sizeof(record->command));
	__builtin_memcpy(record->error, response->error, sizeof(record->error));
	span_send(window, sizeof(*record), captures, capture);
	return 0;
}

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

/* One step of either stream. A global function, so that the verifier looks at each protocol by itself. */
__noinline int redis_step(struct call *call, struct connection *connection, struct window *window, struct captures *captures)
{
	if (!call || !connection || !window)
		return STOP;

	struct cursor cursor = CURSOR(call, connection, window, captures);

	return is_request(&cursor) ? redis_request_step(&cursor) : redis_response_step(&cursor);
}

/* The end of a call: what was kept back to be counted at once. */
__noinline int redis_flush(struct call *call, struct connection *connection, struct window *window, struct captures *captures)
{
	if (!call || !connection || !window || !call->run)
		return 0;

	struct cursor cursor = CURSOR(call, connection, window, captures);

	if (is_request(&cursor))
		redis_queue_run(&cursor);
	else
		redis_record_run(&cursor);
	return 0;
}

#endif
