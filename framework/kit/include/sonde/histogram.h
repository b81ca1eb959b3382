/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Distributions: base-2 exponential histograms of scale 2 (four slots an octave), upper-inclusive.
 *
 * sonde_histogram_t is fed ns and shown in seconds. Slot i covers (2^((i-80)/4), 2^((i-79)/4)] s, from 2^-20 s
 * (0.95 us) to 2^6 s; `zero` takes what is at most 2^-20 s, `over` what is more than 2^6 s. In units of 2^-30 s
 * the bounds are those of an OpenTelemetry exponential histogram, so OTLP and Prometheus native histograms
 * are a shift of the index.
 *
 * The arithmetic is exact; no value is scaled or rounded. A whole number of ns n is at most the edge E if and only
 * if n <= floor(E), and every edge is 10^9 * 2^(f/4) * 2^q ns with f in 0..3. The four mantissas are held as
 * m_f = floor(10^9 * 2^(f/4) * 2^33), and since a floor of a floor after a whole division is the floor of the
 * whole, floor(E) = m_f >> (33 - q) for every q <= 33.
 *
 * sonde_size_histogram_t is fed a size and shown in the same unit (By). Slot i covers (2^(i/4), 2^((i+1)/4)],
 * from 1 to 2^26 (64 MiB); `zero` takes 0 and 1, `over` the rest.
 *
 * `sum` is the exact sum of the values, zero + slots + over their count.
 */
#ifndef SONDE_HISTOGRAM_H
#define SONDE_HISTOGRAM_H

#include <sonde/types.h>
#include <sonde/map.h>

#define SONDE_HISTOGRAM_SLOTS 104

/* 856 B: a process's entry with one of these takes about 1 KB of kernel memory. */
typedef struct sonde_histogram {
	u64 sum;
	u64 zero;
	u64 over;
	u64 slots[SONDE_HISTOGRAM_SLOTS];
} sonde_histogram_t;

typedef struct sonde_size_histogram {
	u64 sum;
	u64 zero;
	u64 over;
	u64 slots[SONDE_HISTOGRAM_SLOTS];
} sonde_size_histogram_t;

/* floor(10^9 * 2^(f/4) * 2^33) for f = 0..3 */
#define ___SONDE_NS_MANTISSA_0 8589934592000000000ULL
#define ___SONDE_NS_MANTISSA_1 10215211334214395865ULL
#define ___SONDE_NS_MANTISSA_2 12148001999904198769ULL
#define ___SONDE_NS_MANTISSA_3 14446490411353358019ULL

/* floor(2^(f/4) * 2^63) for f = 1..3 */
#define ___SONDE_MANTISSA_1 10968499650544839023ULL
#define ___SONDE_MANTISSA_2 13043817825332782212ULL
#define ___SONDE_MANTISSA_3 15511800964685064948ULL

#define ___SONDE_NS_LOWEST 953ULL	   /* floor(10^9 / 2^20) */
#define ___SONDE_NS_HIGHEST 64000000000ULL /* 10^9 * 2^6 */
#define ___SONDE_SIZE_HIGHEST (1ULL << 26)

/* 1 if a > b, both below 2^63; without a branch, since each would double the verifier's work. */
#define ___sonde_above(a, b) (((u64)(b) - (u64)(a)) >> 63)

/* floor(log2(x)) for 0 < x < 2^63, without a branch. */
static __always_inline u32 ___sonde_log2(u64 x)
{
	u64 log = 0, step;

	step = ___sonde_above(x, 0xffffffffULL) << 5;
	x >>= step;
	log += step;
	step = ___sonde_above(x, 0xffff) << 4;
	x >>= step;
	log += step;
	step = ___sonde_above(x, 0xff) << 3;
	x >>= step;
	log += step;
	step = ___sonde_above(x, 0xf) << 2;
	x >>= step;
	log += step;
	step = ___sonde_above(x, 0x3) << 1;
	x >>= step;
	log += step;
	return log + ___sonde_above(x, 1);
}

/*
 * The slot of a duration: the number of edges below it, from 2^-20 s on. With 2^k <= ns < 2^(k+1), octave k - 10
 * begins just below 2^k, since 10^9 * 2^-20 * 2^(k-10) = 0.93 * 2^k, and octave k - 9 begins at 1.86 * 2^k: so four
 * edges lie within reach.
 */
static __always_inline u32 ___sonde_slot_of_ns(u64 ns)
{
	u32 k = ___sonde_log2(ns), shift = 63 - k;

	return 4 * (k - 10) + ___sonde_above(ns, ___SONDE_NS_MANTISSA_1 >> shift) +
	       ___sonde_above(ns, ___SONDE_NS_MANTISSA_2 >> shift) +
	       ___sonde_above(ns, ___SONDE_NS_MANTISSA_3 >> shift) +
	       ___sonde_above(ns, ___SONDE_NS_MANTISSA_0 >> (shift - 1));
}

/* The slot of a size of at least 2: the number of edges below it, but for the first, 1. */
static __always_inline u32 ___sonde_slot_of_size(u64 size)
{
	u32 k = ___sonde_log2(size), shift = 63 - k;

	return 4 * k - 1 + ___sonde_above(size, 1ULL << k) + ___sonde_above(size, ___SONDE_MANTISSA_1 >> shift) +
	       ___sonde_above(size, ___SONDE_MANTISSA_2 >> shift) + ___sonde_above(size, ___SONDE_MANTISSA_3 >> shift);
}

/* Counts `n` in `slots`; the barrier keeps the compiler from checking another register than it indexes by. */
static __always_inline void ___sonde_count_slot(u64 *slots, u32 slot, u64 n)
{
	u64 index = slot;

	asm volatile("" : "+r"(index));
	if (index < SONDE_HISTOGRAM_SLOTS)
		sonde_add(&slots[index], n);
}

/* The places of a distribution in rising order: `zero`, the slots, `over`. */
#define SONDE_HISTOGRAM_PLACES (SONDE_HISTOGRAM_SLOTS + 2)

/* The place of a duration in ns: a larger one never has a lower place. */
static __always_inline u32 sonde_histogram_place(u64 ns)
{
	if (ns <= ___SONDE_NS_LOWEST)
		return 0;
	return ns > ___SONDE_NS_HIGHEST ? SONDE_HISTOGRAM_PLACES - 1 : ___sonde_slot_of_ns(ns) + 1;
}

/* Counts `n` durations at a place; the caller adds what they took together to `sum`. */
static __always_inline void sonde_histogram_count(sonde_histogram_t *histogram, u32 place, u64 n)
{
	if (place == 0)
		sonde_add(&histogram->zero, n);
	else if (place == SONDE_HISTOGRAM_PLACES - 1)
		sonde_add(&histogram->over, n);
	else
		___sonde_count_slot(histogram->slots, place - 1, n);
}

/* Adds a duration in ns, which `n` things took. Some 10 ns; usable in every program type. */
static __always_inline void sonde_histogram_add_many(sonde_histogram_t *histogram, u64 ns, u64 n)
{
	sonde_add(&histogram->sum, ns * n);
	if (ns <= ___SONDE_NS_LOWEST)
		sonde_add(&histogram->zero, n);
	else if (ns > ___SONDE_NS_HIGHEST)
		sonde_add(&histogram->over, n);
	else
		___sonde_count_slot(histogram->slots, ___sonde_slot_of_ns(ns), n);
}

/* Adds a duration in ns. */
static __always_inline void sonde_histogram_add(sonde_histogram_t *histogram, u64 ns)
{
	sonde_histogram_add_many(histogram, ns, 1);
}

/* Adds a size (bytes, or any whole number). */
static __always_inline void sonde_size_histogram_add(sonde_size_histogram_t *histogram, u64 size)
{
	sonde_add(&histogram->sum, size);
	if (size <= 1)
		sonde_add(&histogram->zero, 1);
	else if (size > ___SONDE_SIZE_HIGHEST)
		sonde_add(&histogram->over, 1);
	else
		___sonde_count_slot(histogram->slots, ___sonde_slot_of_size(size), 1);
}

#endif
