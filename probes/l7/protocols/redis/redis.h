/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Redis: RESP2 and RESP3, inline commands, pipelines, subscriptions.
 *
 * A request is an array of strings, the first of which names the command. A response is one value, which may hold
 * others: as each says how many come, one number tells when it is whole. Lengths are read, contents skipped.
 */
#ifndef L7_REDIS_H
#define L7_REDIS_H

#include "guess.h"
#include "request.h"
#include "response.h"

/* One step of either stream. A global function, so that the verifier looks at each protocol by itself. */
__noinline int redis_step(struct call *call, struct connection *connection, struct window *window, struct captures *captures)
{
	if (!call || !connection || !window)
		return STOP;

	struct cursor cursor = CURSOR(call, connection, window, captures);

	return is_request(&cursor) ? redis_request_step(&cursor) : redis_response_step(&cursor);
}

/* The end of a call: what was kept back to be counted at once. */
__noinline int redis_flush(struct call *call, struct connection *connection, struct window *window, struct captures *captures)
{
	if (!call || !connection || !window || !call->run)
		return 0;

	struct cursor cursor = CURSOR(call, connection, window, captures);

	if (is_request(&cursor))
		redis_queue_run(&cursor);
	else
		redis_record_run(&cursor);
	return 0;
}

#endif
