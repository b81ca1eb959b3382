/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A token bucket: at most so many events a second. */
#ifndef SONDE_RATE_H
#define SONDE_RATE_H

#include <sonde/types.h>
#include <sonde/loss.h>

/* A global variable, or a field of a map's value. Zeroed, it is full. */
struct sonde_bucket {
	u64 paid_until; /* up to when the tokens taken pay, CLOCK_MONOTONIC ns */
};

/*
 * Takes a token: true if an event may pass; otherwise false, and SONDE_LOSS_RATE_LIMITED has been counted.
 * `rate` is tokens a second (0: none ever), `burst` how many a full bucket holds, at least 1. Two CPUs in the same
 * instant may share a token.
 */
static __always_inline bool sonde_allow(struct sonde_bucket *bucket, u64 rate, u64 burst)
{
	u64 now = bpf_ktime_get_ns();
	u64 interval = rate ? 1000000000ULL / rate : 0;
	u64 paid_until = bucket->paid_until;
	u64 full = now - interval * burst;

	if (!paid_until || (s64)(paid_until - full) < 0)
		paid_until = full;
	if (!rate || (s64)(now - paid_until - interval) < 0) {
		sonde_lost(SONDE_LOSS_RATE_LIMITED, 1);
		return false;
	}
	bucket->paid_until = paid_until + interval;
	return true;
}

#endif
