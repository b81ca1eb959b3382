/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The heads of requests, kept beside their connection until they are answered, for the spans of those that are sampled,
 * slow or failed. Nothing is allocated, and nothing done, while the collector `spans` is off.
 *
 * A request's head is what of it has been parsed from capture_begins() to capture_ends(). It takes as many bytes as it
 * has; where a new one finds no room for `captureBytes`, its span goes without.
 */
#ifndef L7_CAPTURE_H
#define L7_CAPTURE_H

#include "parser.h"

/* The param captureBytes: how much of a head is kept, at most. */
const volatile u32 capture_bytes = 1024;

/* What is kept of a window at once begins below the one and is no longer than the other. */
#define CAPTURE_START_MAX 2048
#define CAPTURE_PIECE_MAX 1024

/* One request: in the same place as its exchange. */
struct capture {
	u32 number; /* which exchange it is of */
	u16 offset; /* in `bytes` */
	u16 length;
	u16 traceparent; /* where in the head that field begins; 0: it has none */
	u16 sampled;
};

struct captures {
	u32 number; /* which exchange the request at hand will be */
	u16 from;   /* where in the window begins what has not been kept of it */
	u8 open;    /* it is being kept */
	u8 reserved;
	u32 next;   /* in `bytes`: where the next one goes */
	struct capture requests[EXCHANGES];
	u8 bytes[CAPTURE_START_MAX + CAPTURE_PIECE_MAX];
};

/* With what the kernel puts in front of it, it is to fit into 4 KB. */
_Static_assert(sizeof(struct captures) <= 4096 - 96, "twice the memory");

/*
 * One for each socket that reads or writes while spans are on: 4 KB, freed with the socket. As a hash: 16384 x 4 KB, 67 MB when it is full.
 */
SONDE_SOCKET_STATE(connection_captures, struct captures, 0, 16384);

static __always_inline struct captures *captures_of(struct sock *sk, bool create)
{
	if (likely(!settings.report_spans))
		return NULL;
	return create ? sonde_socket_new(connection_captures, sk) : sonde_socket_get(connection_captures, sk);
}

static __always_inline struct capture *capture_at(struct captures *captures, u32 number)
{
	u64 place = number;

	asm volatile("" : "+r"(place));
	place &= EXCHANGES - 1;
	return &captures->requests[place];
}

/* Whether `capture_bytes` from `next` on are free; what waits for its response lies from `first` on, in a circle. */
static __always_inline bool captures_have_room(struct captures *captures, struct connection *connection, u32 number)
{
	u32 taken = *(volatile u32 *)&connection->taken, most = capture_bytes;
	struct capture *first = capture_at(captures, taken);

	if (connection->unqueued || number - taken >= EXCHANGES)
		return false;
	if (number == taken) {
		captures->next = 0;
		return true;
	}
	if (first->number != taken)
		return false;
	if (first->offset >= captures->next)
		return captures->next + most <= first->offset;
	if (captures->next < CAPTURE_START_MAX && captures->next + most <= sizeof(captures->bytes))
		return true;
	captures->next = 0;
	return most <= first->offset;
}

/* A request begins at the byte at hand; `behind` others of this call are still to be queued before it. */
__noinline int capture_request(struct captures *captures, struct connection *connection, u32 at, u32 behind)
{
	struct capture *capture;
	u32 number;

	if (!captures || !connection)
		return 0;
	number = connection->added + behind;
	captures->open = captures_have_room(captures, connection, number);
	captures->number = number;
	captures->from = at;
	if (number - *(volatile u32 *)&connection->taken >= EXCHANGES)
		return 0; /* it will not be queued */
	if (!captures->open)
		sonde_lost(SONDE_LOSS_UNCAPTURED, 1);
	capture = capture_at(captures, number);
	capture->number = number;
	capture->offset = captures->next;
	capture->length = 0;
	capture->traceparent = 0;
	capture->sampled = 0;
	return 0;
}

static __always_inline void capture_begins(struct cursor *cursor, u32 behind)
{
	if (unlikely(cursor->captures))
		capture_request(cursor->captures, cursor->connection, cursor->call->at, behind);
}

/* Keeps what of the window has been parsed up to `to`: it will be written over. What comes next lies at its front. */
__noinline int capture_piece(struct captures *captures, const struct window *window, u32 to)
{
	struct capture *capture;
	u64 size, place, from;
	u32 room;

	if (!captures || !window)
		return 0;
	capture = capture_at(captures, captures->number);
	from = captures->from;
	captures->from = 0;
	if (!captures->open || to <= from)
		return 0;
	size = to - from;
	room = capture_bytes - capture->length;
	place = capture->offset + capture->length;
	if (size > room)
		size = room;
	if (size > CAPTURE_PIECE_MAX)
		size = CAPTURE_PIECE_MAX;
	asm volatile("" : "+r"(size), "+r"(place), "+r"(from));
	if (size > CAPTURE_PIECE_MAX || place >= CAPTURE_START_MAX) {
		captures->open = 0;
		return 0;
	}
	from &= WINDOW_MASK;
	bpf_probe_read_kernel(&captures->bytes[place], size, &window->bytes[from]);
	capture->length += size;
	return 0;
}

static __always_inline bool is_captured(const struct cursor *cursor)
{
	return unlikely(cursor->captures) && is_request(cursor) && cursor->captures->open;
}

static __always_inline void capture_keeps(struct cursor *cursor)
{
	if (is_captured(cursor))
		capture_piece(cursor->captures, cursor->window, cursor->call->at);
}

/* Bytes are passed over that nobody looks at: what comes behind them is not kept. */
static __always_inline void capture_cut(struct cursor *cursor)
{
	if (!is_captured(cursor) || cursor->stream->skip <= unread(cursor))
		return;
	capture_piece(cursor->captures, cursor->window, cursor->call->end);
	cursor->captures->open = 0;
}

/* The field `traceparent` begins at the byte at hand. */
static __always_inline void capture_marks_traceparent(struct cursor *cursor)
{
	struct capture *capture;

	if (!is_captured(cursor))
		return;
	capture = capture_at(cursor->captures, cursor->captures->number);
	if (!capture->traceparent)
		capture->traceparent = capture->length + cursor->call->at - cursor->captures->from;
}

#define TRACEPARENT_NAME 12  /* "traceparent:" */
#define TRACEPARENT_VALUE 55 /* "00-" 32 digits "-" 16 digits "-01" */

/* What a traceparent says of the trace. */
enum parent { PARENT_NONE, PARENT_SAMPLED, PARENT_NOT_SAMPLED };

/* The parent that a head names; none in what the decoder will not take for one either. */
__noinline u32 capture_parent(const struct captures *captures, const struct capture *capture)
{
	u32 trace = 0, span = 0, version = 0, at;
	u8 digit = 0, byte;
	u64 place;

	if (!captures || !capture || !capture->traceparent)
		return PARENT_NONE;
	at = capture->traceparent + TRACEPARENT_NAME;
	place = capture->offset + at;
	asm volatile("" : "+r"(place));
	if (place >= sizeof(captures->bytes) - TRACEPARENT_VALUE - 5)
		return PARENT_NONE;
	for (u32 i = 0; i < 4 && (captures->bytes[place] == ' ' || captures->bytes[place] == '\t'); i++) {
		place++;
		at++;
	}
	if (at + TRACEPARENT_VALUE + 2 > capture->length)
		return PARENT_NONE;
	for (u32 i = 0; i < TRACEPARENT_VALUE; i++) {
		byte = captures->bytes[place + i];
		if (i == 2 || i == 35 || i == 52) {
			if (byte != '-')
				return PARENT_NONE;
			continue;
		}
		digit = (u8)(byte - '0') < 10 ? byte - '0' : (u8)(byte - 'a') < 6 ? byte - 'a' + 10 : 255;
		if (digit == 255)
			return PARENT_NONE;
		if (i < 2)
			version += digit;
		else if (i < 35)
			trace |= digit;
		else if (i < 52)
			span |= digit;
	}
	byte = captures->bytes[place + TRACEPARENT_VALUE];
	if (!trace || !span || version == 30 || (byte == '-' ? !version : byte > ' ')) /* 30: "ff" */
		return PARENT_NONE;
	return digit & 1 ? PARENT_SAMPLED : PARENT_NOT_SAMPLED;
}

/* Why a request is told of by a span: the last that holds. */
enum span_reason { SPAN_NOT, SPAN_DRAWN, SPAN_PARENT, SPAN_SLOW, SPAN_FAILED };

/* As OpenTelemetry's ParentBased sampler: who asks has decided; where nobody has, the lot does. */
static __always_inline enum span_reason capture_sample(const struct captures *captures, const struct capture *capture)
{
	u32 parent = capture_parent(captures, capture);

	if (parent == PARENT_NONE)
		return bpf_get_prandom_u32() < settings.sample_below ? SPAN_DRAWN : SPAN_NOT;
	return parent == PARENT_SAMPLED ? SPAN_PARENT : SPAN_NOT;
}

/* The head of the request at hand ends at `at`, as the first of its exchange. */
__noinline int capture_done(struct captures *captures, const struct window *window, u32 at)
{
	struct capture *capture;

	if (!captures || !window)
		return 0;
	capture_piece(captures, window, at);
	captures->open = 0;
	capture = capture_at(captures, captures->number);
	if (capture->number != captures->number)
		return 0;
	capture->sampled = capture_sample(captures, capture);
	captures->next = capture->offset + capture->length;
	return 0;
}

static __always_inline void capture_ends(struct cursor *cursor)
{
	if (unlikely(cursor->captures))
		capture_done(cursor->captures, cursor->window, cursor->call->at);
}

#endif
