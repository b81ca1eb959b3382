/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The bytes of one call, in order, whatever pieces of memory they lie in. A parser sees a window of them, in front of
 * which lies what the call before left unfinished; what it need not see is skipped and never copied.
 */
#ifndef L7_CURSOR_H
#define L7_CURSOR_H

#include "connection.h"
#include "payload.h"

/* Bytes that are copied at a time. */
#define WINDOW 1024
#define WINDOW_MASK 2047

/* The most that the record of a span takes without the head of the request. */
#define SPAN_MAX 256
#define CAPTURE_BYTES_MAX 2048

struct window {
	u8 bytes[WINDOW_MASK + 1 + CARRY];
	u8 span[SPAN_MAX + CAPTURE_BYTES_MAX]; /* where the record of a span is put together */
};

/* How far the bytes of a call have been read. No pointers: what a global function gets of its caller is memory. */
struct call {
	struct payload payload;
	u64 now;
	u32 at, end; /* what of the window has not been read */
	u32 way;     /* enum way */
	u32 broken; /* how often the bytes of this call broke a grammar */
	/* Equal messages of this call so far, of which a protocol with runs makes one. */
	u64 run;
	u64 run_first;
	u32 run_operation, run_detail;
};

/*
 * What a program works with, too large for the stack: before 6.13 all functions that are in each other's calls share 512 B
 * of it.
 */
struct desk {
	struct window window;
	struct call call;
	u32 later; /* bytes that the same syscall has read behind those at hand */
};

/* What a parser works on. */
struct cursor {
	struct call *call;
	struct connection *connection;
	struct stream *stream; /* the one that the bytes belong to */
	struct window *window;
	struct captures *captures; /* NULL while spans are off */
};

/* Puts together what a global function got; on its stack, where the compiler takes it apart again. */
#define CURSOR(call, connection, window, captures)                                                                 \
	{ call, connection, stream_of(connection, (call)->way), window, captures }

/* Of capture.h. */
static __always_inline void capture_keeps(struct cursor *cursor);
struct captures;

/* What a step of a parser returns to bpf_loop(). */
enum step { GO_ON, STOP };

/* The first byte of a message is there, perhaps since an earlier call. */
static __always_inline void message_begins(struct cursor *cursor)
{
	if (cursor->stream->begun)
		return;
	cursor->stream->begun = 1;
	cursor->stream->first = cursor->call->now;
}

static __always_inline void message_ends(struct stream *stream)
{
	stream->begun = 0;
	stream->phase = 0;
}

static __always_inline u32 unread(const struct cursor *cursor)
{
	return cursor->call->end - cursor->call->at;
}

/*
 * Eight bytes of the window, the first in the low byte. What lies behind its end is anything. The pointer has a name, since
 * clang would load bytes one by one from what it knows to be bytes.
 */
static __always_inline u64 window_word(const struct window *window, u64 index)
{
	const u64 *word;

	asm volatile("" : "+r"(index));
	word = (const u64 *)&window->bytes[index & WINDOW_MASK];
	return *word;
}

static __always_inline u8 window_byte(const struct window *window, u64 index)
{
	asm volatile("" : "+r"(index));
	return window->bytes[index & WINDOW_MASK];
}

/* The same, `offset` bytes ahead. */
static __always_inline u64 word_at(const struct cursor *cursor, u32 offset)
{
	return window_word(cursor->window, cursor->call->at + offset);
}

static __always_inline u8 byte_at(const struct cursor *cursor, u32 offset)
{
	return window_byte(cursor->window, cursor->call->at + offset);
}

/* The low `count` bytes of a word; all of it from 8 on. */
static __always_inline u64 low_bytes(u64 word, u32 count)
{
	return count >= 8 ? word : word & ((1ULL << (count * 8)) - 1);
}

/* A text of up to eight bytes as the word that it is in memory, for comparison. */
#define TEXT(literal)                                                                                              \
	({                                                                                                         \
		u64 ___word = 0;                                                                                   \
		_Static_assert(sizeof(literal) <= 9, "a word has eight bytes");                                    \
		__builtin_memcpy(&___word, literal, sizeof(literal) - 1);                                          \
		___word;                                                                                           \
	})

/* Makes letters lower case; of other bytes it keeps what tells them from letters apart well enough. */
#define LOWER 0x2020202020202020ULL

/* How many bytes of the word come before the first '\n'; 8 if there is none. */
static __always_inline u32 bytes_before_newline(u64 word)
{
	u64 zero = word ^ 0x0a0a0a0a0a0a0a0aULL;
	u64 found = (zero - 0x0101010101010101ULL) & ~zero & 0x8080808080808080ULL;
	u64 below = ((found & -found) >> 7) - 1;

	if (!found)
		return 8;
	/* `below` has eight bits set for each byte. */
	return ((below & 0x0101010101010101ULL) * 0x0101010101010101ULL) >> 56;
}

/* What was not read of the window, before it is written over or the call ends. */
static __always_inline void keep_unread(struct cursor *cursor)
{
	u64 tail = unread(cursor), from = cursor->call->at;

	asm volatile("" : "+r"(tail), "+r"(from));
	tail &= CARRY - 1;
	from &= WINDOW_MASK;
	if (tail)
		bpf_probe_read_kernel(cursor->stream->carry, tail, &cursor->window->bytes[from]);
	cursor->stream->carried = tail;
}

/* Whether nothing is left of a call. */
static __always_inline bool is_over(const struct call *call)
{
	return call->at == call->end && !(call->payload.length | call->payload.rest);
}

/* Puts what was kept to the front of the window. */
static __always_inline void take_kept(struct call *call, struct stream *stream, struct window *window)
{
	u64 tail = stream->carried;

	asm volatile("" : "+r"(tail));
	tail &= CARRY - 1;
	if (tail)
		bpf_probe_read_kernel(window->bytes, tail, stream->carry);
	call->at = 0;
	call->end = tail;
	stream->carried = 0;
}

/* Puts what comes next behind what was kept; STOP at the end of the call. */
static __always_inline enum step fill(struct call *call, struct connection *connection, struct window *window)
{
	struct payload *payload = &call->payload;
	u64 size, offset;

	if (!payload->length && !payload_next(payload))
		return STOP;
	take_kept(call, stream_of(connection, call->way), window);
	size = payload->length;
	if (size > WINDOW)
		size = WINDOW;
	asm volatile("" : "+r"(size));
	if (size > WINDOW)
		return STOP;
	offset = call->end;
	asm volatile("" : "+r"(offset));
	offset &= CARRY - 1;
	if (sonde_read_user(&window->bytes[offset], size, (void *)payload->base)) {
		connection_forget(connection);
		return STOP;
	}
	payload->base += size;
	payload->length -= size;
	call->end = offset + size;
	return GO_ON;
}

/* Fetches what comes next behind what was not read; STOP at the end of the call, having kept that for the next. */
__noinline int cursor_fetch(struct call *call, struct connection *connection, struct window *window, struct captures *captures)
{
	if (!call || !connection || !window)
		return STOP;

	struct cursor cursor = CURSOR(call, connection, window, captures);

	if (unread(&cursor) >= CARRY) {
		sonde_lost(SONDE_LOSS_UNPARSED, 1);
		connection_forget(connection);
		return STOP;
	}
	capture_keeps(&cursor);
	keep_unread(&cursor);
	return fill(call, connection, window);
}

static __always_inline enum step fetch(struct cursor *cursor)
{
	return cursor_fetch(cursor->call, cursor->connection, cursor->window, cursor->captures);
}

/* Passes over `stream->skip` bytes without looking. */
static __always_inline enum step skip(struct call *call, struct stream *stream)
{
	struct payload *payload = &call->payload;
	u64 wanted = stream->skip, here = call->end - call->at;

	if (here > wanted)
		here = wanted;
	call->at += here;
	wanted -= here;
	here = payload->length + payload->rest;
	if (wanted >= here) { /* all of it, wherever it lies */
		payload->length = payload->rest = 0;
		stream->skip = wanted - here;
		return stream->skip ? STOP : GO_ON;
	}
	here = payload->length < wanted ? payload->length : wanted;
	payload->base += here;
	payload->length -= here;
	stream->skip = wanted - here;
	if (!stream->skip || payload_next(payload))
		return GO_ON;
	return STOP;
}

/* Passes over `size` bytes of the stream, now or as they come. */
static __always_inline void pass(struct cursor *cursor, u64 size)
{
	u64 here = unread(cursor);

	if (here > size)
		here = size;
	cursor->call->at += here;
	cursor->stream->skip = size - here;
}

/* Passes over the rest of a line; true when its end was found. */
static __always_inline bool skip_line(struct cursor *cursor)
{
	u32 before = bytes_before_newline(word_at(cursor, 0)), here = unread(cursor);

	if (before < 8 && before < here) {
		cursor->call->at += before + 1;
		return true;
	}
	cursor->call->at += here < 8 ? here : 8;
	return false;
}

#endif
