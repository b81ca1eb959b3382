/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The protocols, one folder each. A new one is included here and takes its place in each list. */
#ifndef L7_PROTOCOLS_H
#define L7_PROTOCOLS_H

#include "redis/redis.h"
#include "http1/http1.h"

/* The surest guess wins; of equals, the first. */
#define PROTOCOLS_GUESS(window, at, end, best, protocol)                                                                    \
	do {                                                                                                       \
		u32 ___guess = http1_guess(window, at, end);                                                         \
		if (___guess > best)                                                                               \
			best = ___guess, protocol = PROTOCOL_HTTP1;                                                \
		___guess = redis_guess(window, at, end);                                                                    \
		if (___guess > best)                                                                               \
			best = ___guess, protocol = PROTOCOL_REDIS;                                                \
	} while (0)

#define PROTOCOLS_STEP(step, call, connection, window, captures)                                                   \
	case PROTOCOL_REDIS:                                                                                       \
		step = redis_step(call, connection, window, captures);                                                       \
		break;                                                                                             \
	case PROTOCOL_HTTP1:                                                                                       \
		step = http1_step(call, connection, window, captures);                                                       \
		break;

/* At the end of a call: what was kept back to be counted at once. */
#define PROTOCOLS_FINISH(call, connection, window, captures) redis_flush(call, connection, window, captures)

/* At the end of a connection, or of its peer's way of it. */
#define PROTOCOLS_END(connection, window, captures) http1_end(connection, window, captures)

#endif
