/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads the fields of a head, of which few matter. */
#ifndef L7_HTTP1_FIELD_H
#define L7_HTTP1_FIELD_H

#include "message.h"

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

#endif
