/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What becomes of a request that was answered: it is counted, and told of if the user asks. */
#ifndef L7_HTTP1_RECORD_H
#define L7_HTTP1_RECORD_H

#include "guess.h"

#define HTTP1_REPORT 0x20 /* in sonde_event.kind */

struct http1_report {
	struct sonde_event event;
	struct report_head head;
	struct route route;
	u64 request_body, response_body;
	u16 status;
	u16 error;
	u8 method;
	u8 reserved[3];
};
SONDE_EXPORT(struct http1_report);

static __always_inline void http1_tell(const struct connection *connection, const struct http1_key *key,
				       const struct exchange *exchange, const struct stream *response, u64 last)
{
	enum report report = report_of(key->error, last - exchange->first);
	struct http1_report *record;

	if (likely(!report))
		return;
	record = sonde_reserve(&reports, struct http1_report);
	if (!record)
		return;
	sonde_event_init(&record->event, HTTP1_REPORT + report);
	report_init(&record->head, connection, last - exchange->first);
	record->head.first_byte = response->first - exchange->first;
	record->route = key->route;
	record->request_body = exchange->body;
	record->response_body = response->body;
	record->status = key->status;
	record->error = key->error;
	record->method = key->method;
	__builtin_memset(record->reserved, 0, sizeof(record->reserved));
	sonde_submit(&reports, record);
}

__noinline int http1_record(struct connection *connection, const struct exchange *exchange, const struct stream *response,
			    u64 last)
{
	struct http1_requests *requests;
	struct http1_key key = {};
	struct route *route;
	bool client;
	u32 number;

	if (!connection || !exchange || !response)
		return 0;
	client = connection->role == ROLE_CLIENT;
	number = exchange->detail;
	route = bpf_map_lookup_elem(&http1_route_texts, &number);
	key.process = connection->owner;
	if (route)
		key.route = *route;
	key.port = connection->server_port;
	key.status = response->operation;
	key.error = key.status >= (client ? 400 : 500) ? key.status : 0;
	key.method = exchange->operation;
	key.transport = connection->transport;
	if (client) {
		key.peer = connection->peer;
		requests = sonde_slot(http1_clients, &key);
	} else {
		requests = sonde_slot(http1_servers, &key);
	}
	http1_tell(connection, &key, exchange, response, last);
	if (!requests)
		return 0;
	sonde_histogram_add(&requests->duration, last - exchange->first);
	sonde_histogram_add(&requests->first_byte, response->first - exchange->first);
	sonde_size_histogram_add(&requests->request_body, exchange->body);
	sonde_size_histogram_add(&requests->response_body, response->body);
	return 0;
}

struct http1_span {
	struct span span;
	struct route route;
	u64 request_body, response_body;
	u16 status;
	u16 error;
	u8 method;
	u8 reserved[3];
};
SONDE_EXPORT(struct http1_span);

_Static_assert(sizeof(struct http1_span) <= SPAN_MAX, "larger than the place where it is put together");

/* The first request that waits has its answer: tells of it, if it is to be told of. */
__noinline int http1_tell_span(struct captures *captures, struct connection *connection, const struct stream *response,
			       struct window *window, u64 last)
{
	const struct exchange *exchange;
	enum span_reason reason;
	struct http1_span *record;
	struct capture *capture;
	struct route *route;
	u32 number, status;

	if (!captures || !connection || !response || !window)
		return 0;
	record = (struct http1_span *)window->span;
	exchange = exchange_at(connection, connection->taken);
	capture = capture_first(captures, connection);
	status = response->operation;
	record->error = status >= (connection->role == ROLE_CLIENT ? 400 : 500) ? status : 0;
	reason = span_reason_of(capture, record->error, last - exchange->first);
	if (!reason)
		return 0;
	span_init(&record->span, PROTOCOL_HTTP1, connection, exchange, response, reason);
	record->span.end = last;
	number = exchange->detail;
	route = bpf_map_lookup_elem(&http1_route_texts, &number);
	__builtin_memset(&record->route, 0, sizeof(record->route));
	if (route)
		record->route = *route;
	record->request_body = exchange->body;
	record->response_body = response->body;
	record->status = status;
	record->method = exchange->operation;
	span_send(window, sizeof(*record), captures, capture);
	return 0;
}

#endif
