/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A distribution of what one connection saw since it was last booked: counts at eight neighbouring places of a histogram.
 * What is like the one before it costs no look-up and no line of memory that another connection writes to.
 */
#ifndef TCP_TALLY_H
#define TCP_TALLY_H

#include <sonde/probe.h>

#define TALLY_PLACES 8
#define TALLY_BITS 7
#define TALLY_MASK 0x7fULL
#define TALLY_BASE_SHIFT 56
#define TALLY_COUNTS ((1ULL << TALLY_BASE_SHIFT) - 1)

struct tally {
	u64 counts; /* eight counts of 7 bits, the lowest first, and in the top byte the place of the first */
	u64 sum;    /* of what is counted, ns */
};

#ifndef SONDE_SOCKET_HASH

/* Where the places of an empty tally are best, for durations like this one. */
static __always_inline u64 tally_base(u64 place)
{
	u64 base = place < 2 ? 0 : place - 2;

	return base > SONDE_HISTOGRAM_PLACES - TALLY_PLACES ? SONDE_HISTOGRAM_PLACES - TALLY_PLACES : base;
}

/*
 * Counts a duration; 0 if it lies elsewhere or a count is full: then the tally is to be booked first.
 * A global function, as the next: the verifier looks at it once, not at every path to every call.
 */
__noinline int tally_add(struct tally *tally, u64 ns)
{
	u64 place = sonde_histogram_place(ns);

	if (!tally)
		return 0;
	for (int i = 0; i < 2; i++) {
		u64 before = *(volatile u64 *)&tally->counts;
		u64 base = before & TALLY_COUNTS ? before >> TALLY_BASE_SHIFT : tally_base(place);
		u64 shift = (place - base) * TALLY_BITS, after;

		if (shift >= TALLY_PLACES * TALLY_BITS || (before >> shift & TALLY_MASK) == TALLY_MASK)
			return 0;
		after = (base << TALLY_BASE_SHIFT | (before & TALLY_COUNTS)) + (1ULL << shift);
		if (__sync_val_compare_and_swap(&tally->counts, before, after) == before) {
			sonde_add(&tally->sum, ns);
			return 1;
		}
	}
	return 0;
}

/* Adds what has been counted to a histogram, once, whoever else does so at the same time. */
__noinline int tally_book(struct tally *tally, sonde_histogram_t *histogram)
{
	u64 counts, base;

	if (!tally || !histogram)
		return 0;
	counts = *(volatile u64 *)&tally->counts;
	base = counts >> TALLY_BASE_SHIFT;
	if (!counts || __sync_val_compare_and_swap(&tally->counts, counts, 0) != counts)
		return 0;
	sonde_add(&histogram->sum, __sync_lock_test_and_set(&tally->sum, 0));
	for (int i = 0; i < TALLY_PLACES; i++) {
		u64 n = counts >> (i * TALLY_BITS) & TALLY_MASK;

		if (n)
			sonde_histogram_count(histogram, base + i, n);
	}
	return 0;
}

#else

/* Without compare-and-exchange nothing is tallied: each duration goes at once to where it is shown. */
static __always_inline int tally_add(struct tally *tally, u64 ns)
{
	return 0;
}

static __always_inline int tally_book(struct tally *tally, sonde_histogram_t *histogram)
{
	return 0;
}

#endif

#endif
