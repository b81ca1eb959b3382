/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether a stream is Redis. */
#ifndef L7_REDIS_GUESS_H
#define L7_REDIS_GUESS_H

#include "words.h"

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

#endif
