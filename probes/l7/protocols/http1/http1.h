/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * HTTP/1.1 and 1.0. Of a head only the first line, and the fields that say how long the body is, are looked at; bodies
 * are passed over by their length, whatever it is.
 */
#ifndef L7_HTTP1_H
#define L7_HTTP1_H

#include "../../bpf/engine/span.h"
#include "route.h"

enum http1_phase {
	HTTP1_IDLE,
	HTTP1_LINE,	    /* the rest of a line of the head */
	HTTP1_FIELD,	    /* a field of the head, or its end */
	HTTP1_BODY,	    /* behind the body, once it has been passed over */
	HTTP1_CHUNK,	    /* the size of a chunk */
	HTTP1_CHUNK_LINE,   /* the rest of that line */
	HTTP1_TRAILER,	    /* a field behind the last chunk, or the end */
	HTTP1_TRAILER_LINE, /* the rest of that field */
	HTTP1_TO_THE_END,   /* a body that ends with the connection */
};

enum http1_method {
	HTTP1_OTHER,
	HTTP1_GET,
	HTTP1_HEAD,
	HTTP1_POST,
	HTTP1_PUT,
	HTTP1_DELETE,
	HTTP1_CONNECT,
	HTTP1_OPTIONS,
	HTTP1_TRACE,
	HTTP1_PATCH,
};

/* stream.flags of a message */
#define HTTP1_HAS_LENGTH 1
#define HTTP1_CHUNKED 2
#define HTTP1_LAST_CHUNK 4

/* What is left of a body whose length nobody said. */
#define HTTP1_NO_END (1ULL << 62)

struct http1_key {
	struct sonde_process process;
	struct route route;
	sonde_ip_t peer;
	sonde_port_t port;
	u16 status;
	u16 error; /* the status, if it says that the request failed */
	u8 method;
	u8 transport;
};

struct http1_requests {
	sonde_histogram_t duration;
	sonde_histogram_t first_byte;
	sonde_size_histogram_t request_body;
	sonde_size_histogram_t response_body;
};

/* The param maxSeries; 1024 of (104 B key, 3424 B value, 48 B of the map's own): 3.7 MB each. */
SONDE_HASH(http1_servers, struct http1_key, struct http1_requests, 1024);
SONDE_HASH(http1_clients, struct http1_key, struct http1_requests, 1024);

/* The method at the beginning of a request line, and its length in the high half; 0 where there is none. */
__noinline u32 http1_method(u64 word, u64 next)
{
#define ___method(text, size, number)                                                                              \
	if (low_bytes(word, size + 1) == text)                                                                     \
	return size << 16 | number
	___method(TEXT("GET "), 3, HTTP1_GET);
	___method(TEXT("HEAD "), 4, HTTP1_HEAD);
	___method(TEXT("POST "), 4, HTTP1_POST);
	___method(TEXT("PUT "), 3, HTTP1_PUT);
	___method(TEXT("DELETE "), 6, HTTP1_DELETE);
	___method(TEXT("CONNECT "), 7, HTTP1_CONNECT);
	___method(TEXT("OPTIONS "), 7, HTTP1_OPTIONS);
	___method(TEXT("TRACE "), 5, HTTP1_TRACE);
	___method(TEXT("PATCH "), 5, HTTP1_PATCH);
#undef ___method
	for (u32 i = 0; i < 16; i++) {
		if ((u8)word == ' ')
			return i << 16 | HTTP1_OTHER;
		if ((u8)(word - 'A') >= 26)
			return 0;
		word = word >> 8 | next << 56;
		next >>= 8;
	}
	return 0;
}

#define METHOD(packed) ((packed) & 0xffff)
#define METHOD_LENGTH(packed) ((packed) >> 16)

#define HTTP1_VERSION TEXT("HTTP/1.")

/* Whether what comes after the method begins a target. */
static __always_inline bool http1_is_target(u8 byte, u32 method)
{
	return byte == '/' || (byte | 0x20) == 'h' || (byte == '*' && method == HTTP1_OPTIONS) || method == HTTP1_CONNECT;
}

__noinline int http1_guess(const struct window *window, u32 at, u32 end)
{
	u32 method;
	u64 word;

	if (!window)
		return GUESS_NO;
	word = window_word(window, at);
	if ((u8)(word - 'A') >= 26)
		return GUESS_NO;
	if (end - at < 10)
		return has_line(window, at, end, 10) ? GUESS_NO : GUESS_MORE;
	if (low_bytes(word, 7) == HTTP1_VERSION)
		return GUESS_RESPONSE;
	method = http1_method(word, 0);
	if (METHOD(method) == HTTP1_OTHER)
		return GUESS_NO;
	return http1_is_target(window_byte(window, at + METHOD_LENGTH(method) + 1), METHOD(method)) ? GUESS_REQUEST : GUESS_NO;
}

#define HTTP1_REPORT 0x20 /* in sonde_event.kind */

struct http1_report {
	struct sonde_event event;
	struct report_head head;
	struct route route;
	u64 request_body, response_body;
	u16 status;
	u16 error;
	u8 method;
	u8 reserved[3];
};
SONDE_EXPORT(struct http1_report);

static __always_inline void http1_tell(const struct connection *connection, const struct http1_key *key,
				       const struct exchange *exchange, const struct stream *response, u64 last)
{
	enum report report = report_of(key->error, last - exchange->first);
	struct http1_report *record;

	if (likely(!report))
		return;
	record = sonde_reserve(&reports, struct http1_report);
	if (!record)
		return;
	sonde_event_init(&record->event, HTTP1_REPORT + report);
	report_init(&record->head, connection, last - exchange->first);
	record->head.first_byte = response->first - exchange->first;
	record->route = key->route;
	record->request_body = exchange->body;
	record->response_body = response->body;
	record->status = key->status;
	record->error = key->error;
	record->method = key->method;
	__builtin_memset(record->reserved, 0, sizeof(record->reserved));
	sonde_submit(&reports, record);
}

__noinline int http1_record(struct connection *connection, const struct exchange *exchange, const struct stream *response,
			    u64 last)
{
	struct http1_requests *requests;
	struct http1_key key = {};
	struct route *route;
	bool client;
	u32 number;

	if (!connection || !exchange || !response)
		return 0;
	client = connection->role == ROLE_CLIENT;
	number = exchange->detail;
	route = bpf_map_lookup_elem(&http1_route_texts, &number);
	key.process = connection->owner;
	if (route)
		key.route = *route;
	key.port = connection->server_port;
	key.status = response->operation;
	key.error = key.status >= (client ? 400 : 500) ? key.status : 0;
	key.method = exchange->operation;
	key.transport = connection->transport;
	if (client) {
		key.peer = connection->peer;
		requests = sonde_slot(http1_clients, &key);
	} else {
		requests = sonde_slot(http1_servers, &key);
	}
	http1_tell(connection, &key, exchange, response, last);
	if (!requests)
		return 0;
	sonde_histogram_add(&requests->duration, last - exchange->first);
	sonde_histogram_add(&requests->first_byte, response->first - exchange->first);
	sonde_size_histogram_add(&requests->request_body, exchange->body);
	sonde_size_histogram_add(&requests->response_body, response->body);
	return 0;
}

struct http1_span {
	struct span span;
	struct route route;
	u64 request_body, response_body;
	u16 status;
	u16 error;
	u8 method;
	u8 reserved[3];
};
SONDE_EXPORT(struct http1_span);

_Static_assert(sizeof(struct http1_span) <= SPAN_MAX, "larger than the place where it is put together");

/* The first request that waits has its answer: tells of it, if it is to be told of. */
__noinline int http1_tell_span(struct captures *captures, struct connection *connection, const struct stream *response,
			       struct window *window, u64 last)
{
	const struct exchange *exchange;
	enum span_reason reason;
	struct http1_span *record;
	struct capture *capture;
	struct route *route;
	u32 number, status;

	if (!captures || !connection || !response || !window)
		return 0;
	record = (struct http1_span *)window->span;
	exchange = exchange_at(connection, connection->taken);
	capture = capture_first(captures, connection);
	status = response->operation;
	record->error = status >= (connection->role == ROLE_CLIENT ? 400 : 500) ? status : 0;
	reason = span_reason_of(capture, record->error, last - exchange->first);
	if (!reason)
		return 0;
	span_init(&record->span, PROTOCOL_HTTP1, connection, exchange, response, reason);
	record->span.end = last;
	number = exchange->detail;
	route = bpf_map_lookup_elem(&http1_route_texts, &number);
	__builtin_memset(&record->route, 0, sizeof(record->route));
	if (route)
		record->route = *route;
	record->request_body = exchange->body;
	record->response_body = response->body;
	record->status = status;
	record->method = exchange->operation;
	span_send(window, sizeof(*record), captures, capture);
	return 0;
}

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

/* A number in decimal digits, behind blanks. */
__noinline u64 http1_decimal(const struct window *window, u32 at)
{
	u64 number = 0;

	if (!window)
		return 0;
	for (u32 i = 0; i < 24; i++) {
		u8 byte = window_byte(window, at + i);

		if (byte == ' ' || byte == '\t')
			continue;
		if ((u8)(byte - '0') >= 10)
			break;
		number = number * 10 + (byte - '0');
	}
	return number;
}

/* Whether "chunked" is among the codings. */
__noinline bool http1_is_chunked(const struct window *window, u32 at)
{
	if (!window)
		return false;
	for (u32 i = 0; i < 32; i++) {
		u64 word = window_word(window, at + i);

		if (low_bytes(word | LOWER, 7) == TEXT("chunked"))
			return true;
		if ((u8)word == '\n')
			return false;
	}
	return false;
}

/* The hexadecimal digits at the beginning of a line: as decimal_of(). */
__noinline u64 http1_hexadecimal(const struct window *window, u32 at)
{
	u64 number = 0, count = 0;

	if (!window)
		return 0;
	for (u32 i = 0; i < 14; i++) {
		u8 byte = window_byte(window, at + i), letter = (byte | 0x20) - 'a';

		if ((u8)(byte - '0') < 10)
			number = number << 4 | (byte - '0');
		else if (letter < 6)
			number = number << 4 | (letter + 10);
		else
			break;
		count++;
	}
	return count << 56 | number;
}

/* Whether a line of a head that begins with these bytes says something about the body or the trace, or ends the head. */
static __always_inline bool http1_matters(u64 word, u8 ninth)
{
	u8 first = word;

	if (first == '\r' || first == '\n')
		return true;
	word |= LOWER;
	return (word == TEXT("content-") && (ninth | 0x20) == 'l') || word == TEXT("transfer") ||
	       (word == TEXT("tracepar") && settings.report_spans);
}

/* Words that are passed over in one step. */
#define HTTP1_DULL_WORDS 128

/*
 * Passes over the rest of a line, and lines that do not matter: returns where one begins that may, or where the bytes
 * ran out; in the high half, whether that is within a line.
 */
__noinline u64 http1_dull(const struct window *window, u32 at, u32 end)
{
	if (!window)
		return 0;
	for (u32 i = 0; i < HTTP1_DULL_WORDS; i++) {
		u32 before = bytes_before_newline(window_word(window, at));

		if (at + before >= end)
			return 1ULL << 32 | end;
		at += before;
		if (before == 8)
			continue;
		at++;
		if (at + 9 > end || http1_matters(window_word(window, at), window_byte(window, at + 8)))
			return at;
	}
	return 1ULL << 32 | at;
}

/* Bytes of a field that must be there to read it: its name, blanks, and 20 digits or some codings. */
#define HTTP1_FIELD_REACH 56

static __always_inline enum step http1_field(struct cursor *cursor)
{
	struct stream *stream = cursor->stream;
	u64 word = word_at(cursor, 0);
	u8 first = (u8)word | 0x20;

	if (!unread(cursor))
		return fetch(cursor);
	if ((u8)word == '\n' || ((u8)word == '\r' && unread(cursor) >= 2)) {
		cursor->call->at += (u8)word == '\n' ? 1 : 2;
		return is_request(cursor) ? http1_request_head_ends(cursor) : http1_response_head_ends(cursor);
	}
	if ((u8)word == '\r')
		return fetch(cursor);
	stream->phase = HTTP1_LINE;
	if (first != 'c' && first != 't')
		return GO_ON;
	if (!has_line(cursor->window, cursor->call->at, cursor->call->end, HTTP1_FIELD_REACH)) {
		stream->phase = HTTP1_FIELD;
		return fetch(cursor);
	}
	word |= LOWER;
	if (word == TEXT("content-") && low_bytes(word_at(cursor, 8) | LOWER, 7) == TEXT("length:")) {
		stream->flags |= HTTP1_HAS_LENGTH;
		stream->body = http1_decimal(cursor->window, cursor->call->at + 15);
	} else if (word == TEXT("transfer") && (word_at(cursor, 8) | LOWER) == TEXT("-encodin")) {
		if (http1_is_chunked(cursor->window, cursor->call->at + 17))
			stream->flags |= HTTP1_CHUNKED;
	} else if (word == TEXT("tracepar") && low_bytes(word_at(cursor, 8) | LOWER, 4) == TEXT("ent:")) {
		capture_marks_traceparent(cursor);
	}
	return GO_ON;
}

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
	struct stream *stream;

	if (!call || !connection || !window)
		return STOP;
	stream = stream_of(connection, call->way);
	for (u32 i = 0; i < HTTP1_AT_ONCE; i++) {
		if (stream->skip && skip(call, stream) == STOP)
			return STOP;
		if (http1_part(call, connection, window, captures))
			return STOP;
		if (connection->protocol != PROTOCOL_HTTP1 || (!stream->begun && is_over(call)))
			break;
	}
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
