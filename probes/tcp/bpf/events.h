/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What went wrong on one connection, one record each, if the user asks; at most so many a second of each kind. */
#ifndef TCP_EVENTS_H
#define TCP_EVENTS_H

#include "connection.h"

enum event_kind {
	EVENT_CONNECT_FAILED,
	EVENT_RETRANSMIT,
	EVENT_RESET,
	EVENT_DROP,
	EVENT_ZERO_WINDOW,
	EVENT_MEMORY_LIMIT,
	EVENT_KINDS,
};

struct tcp_event {
	struct sonde_event event;
	struct sonde_process process;
	sonde_ip_t local, peer;
	sonde_port_t local_port, peer_port;
	u8 role, family;
	u16 reserved;
	u32 kind;   /* of a retransmission; or the direction */
	u32 reason; /* in the kernel's numbers, or of enum failure */
};
SONDE_EXPORT(struct tcp_event);

/* 96 B a record: 2730 events, half a second of six kinds at 1000 a second. */
SONDE_RING(events, 256 * 1024);

struct sonde_bucket event_buckets[EVENT_KINDS];

static __always_inline void report(const struct connection *connection, const struct sonde_process *process,
				   enum event_kind event, u32 kind, u32 reason)
{
	struct tcp_event *record;

	if (!settings.report_events ||
	    !sonde_allow(&event_buckets[event], settings.events_per_second, settings.events_per_second))
		return;
	record = sonde_reserve(&events, struct tcp_event);
	if (!record)
		return;
	sonde_event_init(&record->event, event);
	record->process = *process;
	record->local = connection->local;
	record->peer = connection->peer;
	record->local_port = connection->local_port;
	record->peer_port = connection->peer_port;
	record->role = connection->role;
	record->family = connection->family;
	record->reserved = 0;
	record->kind = kind;
	record->reason = reason;
	sonde_submit(&events, record);
}

#endif
