/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which requests are told of one by one: those that failed and those that took long, if the user asks for them. */
#ifndef L7_REPORT_H
#define L7_REPORT_H

#include "connection.h"

/* The params, and whether the collector `spans` is on. */
volatile struct {
	bool report_failed;
	bool report_slow;
	bool report_spans;
	u32 spans_per_second;
	u64 slow_ns;
	u64 sample_below; /* sampleRatio, of 2^32 */
} settings;

/* What happened, and of which protocol: sonde_event.kind is their sum. */
enum report { REPORT_NOTHING, REPORT_FAILED, REPORT_SLOW };

#define REPORTS_PER_SECOND 100
#define REPORTS_AT_ONCE 1000

struct sonde_bucket reports_bucket;

/* 200 B a record: more than a thousand, which is what the bucket lets pass at once. */
SONDE_RING(reports, 256 * 1024);

/* What all records say behind their struct sonde_event; each protocol puts its own behind it. */
struct report_head {
	struct sonde_process process;
	sonde_ip_t peer;
	sonde_ns_t duration;
	sonde_ns_t first_byte;
	sonde_port_t port;
	u8 role;
	u8 transport;
	u32 reserved;
};

/* Whether to tell of a request. */
static __always_inline enum report report_of(bool failed, u64 duration)
{
	enum report report = REPORT_NOTHING;

	if (failed && settings.report_failed)
		report = REPORT_FAILED;
	else if (settings.report_slow && duration >= settings.slow_ns)
		report = REPORT_SLOW;
	if (report && !sonde_allow(&reports_bucket, REPORTS_PER_SECOND, REPORTS_AT_ONCE))
		return REPORT_NOTHING;
	return report;
}

static __always_inline void report_init(struct report_head *head, const struct connection *connection, u64 duration)
{
	head->process = connection->owner;
	head->peer = connection->peer;
	head->duration = duration;
	head->first_byte = duration;
	head->port = connection->server_port;
	head->role = connection->role;
	head->transport = connection->transport;
	head->reserved = 0;
}

#endif
