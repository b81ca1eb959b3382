/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A quick look at whole messages: requests of one shape in a row, runs of short values. */
#ifndef L7_REDIS_PIPELINE_H
#define L7_REDIS_PIPELINE_H

#include "words.h"

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

#endif
