/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers, and names of commands, as they stand in a stream. */
#ifndef L7_REDIS_WORDS_H
#define L7_REDIS_WORDS_H

#include "operations.h"

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

static __always_inline u64 redis_flags_of(u32 operation)
{
	return redis_commands[operation & 511].flags;
}

static __always_inline bool is_letter(u8 byte)
{
	return (u8)((byte | 0x20) - 'a') < 26;
}

#endif
