/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What becomes of a request that was answered: it is counted, and told of if the user asks. */
#ifndef L7_REDIS_RECORD_H
#define L7_REDIS_RECORD_H

#include "operations.h"

struct redis_error {
	char name[16];
};

#define REDIS_REPORT 0x10 /* in sonde_event.kind */

struct redis_report {
	struct sonde_event event;
	struct report_head head;
	char command[REDIS_NAME];
	char error[16];
};
SONDE_EXPORT(struct redis_report);

static __always_inline void redis_tell(const struct connection *connection, const struct redis_key *key, u64 duration, u64 run)
{
	enum report report = report_of(key->error[0], key->blocking ? 0 : duration);
	struct redis_report *record;

	if (likely(!report))
		return;
	record = sonde_reserve(&reports, struct redis_report);
	if (!record)
		return;
	sonde_event_init(&record->event, REDIS_REPORT + report);
	report_init(&record->head, connection, duration);
	record->event.weight = run;
	__builtin_memcpy(record->command, key->command, sizeof(record->command));
	__builtin_memcpy(record->error, key->error, sizeof(record->error));
	sonde_submit(&reports, record);
}

/* Counts `run` equal operations. */
__noinline int redis_record(struct connection *connection, u64 duration, u64 run, u32 operation, const struct redis_error *error)
{
	u64 flags = redis_flags_of(operation);
	const struct redis_command *command = &redis_commands[operation & 511];
	struct redis_operations *operations;
	struct redis_key key = {};

	if (!connection)
		return 0;
	key.process = connection->owner;
	__builtin_memcpy(key.command, command->name, REDIS_NAME);
	if (error)
		__builtin_memcpy(key.error, error->name, sizeof(key.error));
	key.transport = connection->transport;
	key.port = connection->server_port;
	key.blocking = (flags & REDIS_BLOCKING) || (operation & REDIS_BLOCKED);
	if (connection->role == ROLE_CLIENT) {
		key.peer = connection->peer;
		operations = sonde_slot(redis_clients, &key);
	} else {
		operations = sonde_slot(redis_servers, &key);
	}
	if (operations)
		sonde_histogram_add_many(&operations->duration, duration, run);
	redis_tell(connection, &key, duration, run);
	return 0;
}

struct redis_span {
	struct span span;
	char command[REDIS_NAME];
	char error[16];
};
SONDE_EXPORT(struct redis_span);

_Static_assert(sizeof(struct redis_span) <= SPAN_MAX, "larger than the place where it is put together");

/* The first `count` requests that wait, equal ones, have their answer: tells of them, if they are to be told of. */
__noinline int redis_tell_span(struct captures *captures, struct connection *connection, const struct call *call,
			       struct window *window, u32 count)
{
	const struct redis_command *command;
	const struct exchange *exchange;
	const struct stream *response;
	struct redis_span *record;
	enum span_reason reason;
	struct capture *capture;
	bool waits;

	if (!captures || !connection || !call || !window)
		return 0;
	record = (struct redis_span *)window->span;
	response = stream_of(connection, call->way);
	exchange = exchange_at(connection, connection->taken);
	capture = capture_first(captures, connection);
	waits = (redis_flags_of(exchange->operation) & REDIS_BLOCKING) || (exchange->operation & REDIS_BLOCKED);
	reason = span_reason_of(capture, response->error[0], waits ? 0 : call->now - exchange->first);
	if (!reason)
		return 0;
	span_init(&record->span, PROTOCOL_REDIS, connection, exchange, response, reason);
	record->span.event.weight = count;
	record->span.end = call->now;
	command = &redis_commands[exchange->operation & 511];
	__builtin_memcpy(record->command, command->name, sizeof(record->command));
	__builtin_memcpy(record->error, response->error, sizeof(record->error));
	span_send(window, sizeof(*record), captures, capture);
	return 0;
}

#endif
