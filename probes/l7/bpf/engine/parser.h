/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parser of a protocol is made of; see docs/probes/l7.md on adding one. */
#ifndef L7_PARSER_H
#define L7_PARSER_H

#include "cursor.h"
#include "report.h"

/* What a protocol thinks of the head of a stream, the surest last. */
enum guess {
	GUESS_NO,
	GUESS_REQUEST_ON_TRIAL, /* it may be one; the response must confirm it */
	GUESS_MORE,		/* too few bytes to tell */
	GUESS_REQUEST,
	GUESS_RESPONSE,
};

static __always_inline bool is_request(const struct cursor *cursor)
{
	return (cursor->connection->role == ROLE_SERVER) == (cursor->call->way == RECEIVED);
}

__noinline int parser_broken(struct call *call, struct connection *connection)
{
	if (!call || !connection)
		return STOP;
	if (connection->confirmed)
		sonde_lost(SONDE_LOSS_UNPARSED, 1);
	else
		connection->taken = connection->added; /* it was on trial: there never was a request */
	connection_forget(connection);
	return call->broken++ ? STOP : GO_ON;
}

/* The bytes break the grammar: from here on, anything may come. */
static __always_inline enum step broken(struct cursor *cursor)
{
	return parser_broken(cursor->call, cursor->connection);
}

/* The digits at the beginning of two words: how many in the high byte, the number in the rest. */
__noinline u64 decimal_of(u64 low, u64 high)
{
	u64 number = 0, count = 0;

	for (int i = 0; i < 15; i++) {
		u32 digit = (u8)low - '0';

		if (digit > 9)
			break;
		number = number * 10 + digit;
		low = low >> 8 | high << 56;
		high >>= 8;
		count++;
	}
	return count << 56 | number;
}

#define DIGITS(packed) ((u32)((packed) >> 56))
#define NUMBER(packed) ((packed) & ((1ULL << 56) - 1))

/* How many bytes come before the first blank or end of line, at most `most`; 0 if the window ends before. */
__noinline u32 word_length(const struct window *window, u32 at, u32 end, u32 most)
{
	if (!window)
		return 0;
	for (u32 i = 0; i < 32; i++) {
		u8 byte = window_byte(window, at + i);

		if (at + i >= end)
			return 0;
		if (byte == ' ' || byte == '\r' || byte == '\n')
			return i;
		if (i >= most)
			return i + 1;
	}
	return 32;
}

/* Whether the end of the line at hand is in the window, or as many bytes as `reach`, up to 64, are. */
__noinline bool has_line(const struct window *window, u32 at, u32 end, u32 reach)
{
	if (!window)
		return true;
	for (u32 i = 0; i < 64; i += 8) {
		u32 before = bytes_before_newline(window_word(window, at + i));

		if (i >= reach)
			return true;
		if (at + i + before >= end)
			return false;
		if (before < 8)
			return true;
	}
	return true;
}

#endif
