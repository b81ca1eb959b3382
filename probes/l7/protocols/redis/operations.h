/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is counted of Redis, and what is kept of its streams. */
#ifndef L7_REDIS_OPERATIONS_H
#define L7_REDIS_OPERATIONS_H

#include "../../bpf/engine/span.h"

#define REDIS_NAME 24

enum redis_flag {
	REDIS_BLOCKING = 1,
	REDIS_MAY_BLOCK = 2,
	REDIS_SUBSCRIBE = 4,
	REDIS_LISTEN = 8,
	REDIS_LEAVE = 16,
};

struct redis_command {
	char name[REDIS_NAME];
	u64 flags;
};

#include "commands.h"

enum redis_phase {
	REDIS_IDLE,
	REDIS_COMMAND,	/* of a request: the name of the command is next */
	REDIS_VALUE,	/* an argument, or a value of a response, is next */
	REDIS_LINE,	/* the rest of a line is next, and then as above */
	REDIS_INLINE,	/* the rest of an inline command is next */
};

/* stream.flags of a response */
#define REDIS_TOP 1	 /* its first value has not been read */
#define REDIS_PUSHED 2	 /* nobody asked for it */
#define REDIS_CONFIRMS 4 /* it confirms a subscription */

/* connection.flags */
#define REDIS_SUBSCRIBED 1
#define REDIS_LISTENS 2

/* exchange.operation: the command's number, and this */
#define REDIS_BLOCKED 0x8000

/* Larger than what Redis takes (proto-max-bulk-len is 512 MB) or sends. */
#define REDIS_LENGTH_MAX (1ULL << 33)
#define REDIS_NULL ((1ULL << 56) - 1)

struct redis_key {
	struct sonde_process process;
	char command[REDIS_NAME];
	char error[16];
	sonde_ip_t peer;
	sonde_port_t port;
	u8 transport;
	u8 blocking;
	u32 system; /* 0: redis */
};

struct redis_operations {
	sonde_histogram_t duration;
};

/* The param maxSeries; 2048 of (80 B key, 856 B value, 48 B of the map's own): 2 MB each. */
SONDE_HASH(redis_servers, struct redis_key, struct redis_operations, 2048);
SONDE_HASH(redis_clients, struct redis_key, struct redis_operations, 2048);

#endif
