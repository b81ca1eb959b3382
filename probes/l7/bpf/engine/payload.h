/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the bytes lie that a call read or wrote: the syscall's own arguments say it. */
#ifndef L7_PAYLOAD_H
#define L7_PAYLOAD_H

#include "connection.h"

/* What of the bytes of a call can be known. */
enum sight { SEEN, BY_LENGTH, UNSEEN };

struct payload {
	u64 base, length;   /* the piece at hand */
	u64 vector;	    /* where the next pieces are listed, a struct user_vector each */
	u64 vectors;	    /* how many there are */
	u64 rest;	    /* bytes behind the piece at hand */
};

/* Goes to the next piece that is not empty; false at the end. */
static __always_inline bool payload_next(struct payload *payload)
{
	struct user_vector piece;

	if (!payload->rest || !payload->vectors)
		return false;
	if (sonde_read_user(&piece, sizeof(piece), (void *)payload->vector)) {
		payload->rest = 0;
		return false;
	}
	payload->vector += sizeof(piece);
	payload->vectors--;
	payload->base = piece.base;
	payload->length = piece.length < payload->rest ? piece.length : payload->rest;
	payload->rest -= payload->length;
	return true;
}

static __always_inline void payload_vector(struct payload *payload, u64 vector, u64 vectors, u64 size)
{
	payload->vector = vector;
	payload->vectors = vectors;
	payload->rest = size;
}

static __always_inline enum sight payload_message(struct payload *payload, u64 address, u64 size)
{
	struct user_message message;

	if (sonde_read_user(&message, sizeof(message), (void *)address))
		return BY_LENGTH;
	payload_vector(payload, message.vectors, message.count, size);
	return SEEN;
}

/*
 * One message of a vector of them: the hook is called for each in turn. The vector goes on where the call before left
 * it, unless that was the last, or sent less than it was to.
 */
static __always_inline enum sight payload_messages(struct payload *payload, struct stream *stream, u64 vector, u64 count, u64 size)
{
	u64 index = stream->mmsg_vector == vector ? stream->mmsg_next : 0;

	stream->mmsg_vector = vector;
	stream->mmsg_next = index + 1 < count ? index + 1 : 0;
	return payload_message(payload, vector + index * sizeof(struct user_messages), size);
}

/* Fills `payload` with where the `size` bytes of the current call are; it is empty if nobody can tell. */
static __always_inline enum sight payload_of(struct payload *payload, struct stream *stream, u64 size)
{
	struct arguments arguments = {};

	current_arguments(&arguments);
	payload->base = arguments.second;
	payload->length = size;
	payload->rest = payload->vectors = payload->vector = 0;
	switch (arguments.call) {
	case __NR_read:
	case __NR_write:
	case __NR_sendto:
	case __NR_recvfrom:
		return SEEN;
	}
	payload->length = 0;
	switch (arguments.call) {
	case __NR_readv:
	case __NR_writev:
	case __NR_preadv2:
	case __NR_pwritev2:
		payload_vector(payload, arguments.second, arguments.third, size);
		return SEEN;
	case __NR_sendmsg:
	case __NR_recvmsg:
		return payload_message(payload, arguments.second, size);
	case __NR_sendmmsg:
	case __NR_recvmmsg:
		return payload_messages(payload, stream, arguments.second, arguments.third, size);
	case __NR_sendfile:
	case __NR_splice:
		return BY_LENGTH;
	}
	return UNSEEN; /* io_uring, which has no buffer in its arguments; a 32-bit program, whose calls have other numbers */
}

#endif
