/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fewer events: at most so many a second (a token bucket), or one in so many (a sample), for the whole probe or for each
 * cgroup. What a bucket refuses is counted as loss. What a sample leaves out is no loss: the event that passes carries
 * its weight, from the record to the sinks.
 *
 *	SONDE_CGROUP_BUCKETS(slow_buckets, 1024);
 *
 *	u32 weight = sonde_sample(settings.one_in);
 *	if (!weight || !sonde_allow_cgroup(slow_buckets, sonde_cgroup_current(), 100, 100))
 *		return 0;
 *	...
 *	call->event.weight = weight;
 */
#ifndef SONDE_RATE_H
#define SONDE_RATE_H

#include <sonde/types.h>
#include <sonde/loss.h>
#include <sonde/map.h>

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

/* Buckets by cgroup, 96 B each. Beyond `max` cgroups the rest share one a CPU, counted as SONDE_LOSS_MAP_FULL. */
#define SONDE_CGROUP_BUCKETS(name, max) SONDE_HASH(name, sonde_cgroup_t, struct sonde_bucket, max)

/* sonde_allow() for each cgroup of its own: a noisy one does not silence the others. */
#define sonde_allow_cgroup(name, cgroup, rate, burst)                                                              \
	({                                                                                                         \
		sonde_cgroup_t ___cgroup = (cgroup);                                                               \
		struct sonde_bucket *___bucket = sonde_slot(name, &___cgroup);                                     \
		___bucket && sonde_allow(___bucket, rate, burst);                                                  \
	})

/* Uniform: each event has the same chance. The weight of the event, `one_in`; or 0 for what the sample leaves out. */
static __always_inline u32 sonde_sample(u32 one_in)
{
	if (one_in <= 1)
		return 1;
	return bpf_get_prandom_u32() % one_in ? 0 : one_in;
}

/* Counts the events of one cgroup. */
struct sonde_sampler {
	u32 seen;
};

#define SONDE_CGROUP_SAMPLERS(name, max) SONDE_HASH(name, sonde_cgroup_t, struct sonde_sampler, max)

/* Every `one_in`th event of each cgroup, so that a quiet one is not lost beside a noisy one. Weight as of sonde_sample(). */
#define sonde_sample_cgroup(name, cgroup, one_in)                                                                  \
	({                                                                                                         \
		sonde_cgroup_t ___cgroup = (cgroup);                                                               \
		struct sonde_sampler *___sampler = sonde_slot(name, &___cgroup);                                   \
		u32 ___one_in = (one_in) > 1 ? (one_in) : 1;                                                       \
		___sampler && ___sampler->seen++ % ___one_in ? 0 : ___one_in;                                      \
	})

#endif
