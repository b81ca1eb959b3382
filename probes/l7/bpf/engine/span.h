/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of single requests, for the decoder to make spans of. */
#ifndef L7_SPAN_H
#define L7_SPAN_H

#include "capture.h"

/* 1 KB a record at most, by default, and 300 B as a rule: 500 to 1700 until the host looks. */
SONDE_RING(spans, 512 * 1024);

struct sonde_bucket spans_bucket;

/* What all spans say; each protocol puts its own behind it, and then comes the head of the request. */
struct span {
	struct sonde_event event; /* weight: of how many equal requests */
	struct sonde_process process;
	sonde_ip_t peer;
	sonde_ns_t start;
	sonde_ns_t first_byte;
	sonde_ns_t end;
	u64 sample_below; /* of 2^32: what the lot was, if only that chose it */
	sonde_port_t port;
	u16 head;	 /* bytes of it */
	u16 traceparent; /* where in it that field begins; 0: it has none */
	u8 role;
	u8 transport;
};

/* Of the request that has been answered; an empty one, if it was asked before spans were on. */
static __always_inline struct capture *capture_first(struct captures *captures, const struct connection *connection)
{
	struct capture *capture = capture_at(captures, connection->taken);

	if (capture->number != connection->taken) {
		capture->number = connection->taken;
		capture->length = capture->traceparent = capture->sampled = 0;
	}
	return capture;
}

/* Whether to tell of a request, and why; what is beyond spansPerSecond has been counted. */
static __always_inline enum span_reason span_reason_of(const struct capture *capture, bool failed, u64 duration)
{
	enum span_reason reason = SPAN_NOT;

	if (failed)
		reason = SPAN_FAILED;
	else if (duration >= settings.slow_ns)
		reason = SPAN_SLOW;
	else
		reason = capture->sampled;
	if (reason && !sonde_allow(&spans_bucket, settings.spans_per_second, settings.spans_per_second))
		return SPAN_NOT;
	return reason;
}

static __always_inline void span_init(struct span *span, u32 kind, const struct connection *connection, const struct exchange *exchange,
				      const struct stream *response, enum span_reason reason)
{
	sonde_event_init(&span->event, kind);
	span->process = connection->owner;
	span->peer = connection->peer;
	span->start = exchange->first;
	span->first_byte = response->first;
	span->sample_below = reason == SPAN_DRAWN ? settings.sample_below : 0;
	span->port = connection->server_port;
	span->role = connection->role;
	span->transport = connection->transport;
}

/* Puts the head behind the `size` bytes that the protocol has filled, and sends them. */
static __always_inline void span_send(struct window *window, u32 size, const struct captures *captures, const struct capture *capture)
{
	struct span *span = (struct span *)window->span;
	u64 length = capture->length;

	span->traceparent = capture->traceparent;
	asm volatile("" : "+r"(length));
	if (length > CAPTURE_BYTES_MAX)
		return;
	if (length)
		bpf_probe_read_kernel(&window->span[size], length, &captures->bytes[capture->offset & 4095]);
	span->head = length;
	sonde_output(&spans, span, size + length);
}

#endif
