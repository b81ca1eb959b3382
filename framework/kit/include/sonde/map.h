/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Adding up in the kernel: maps whose overflow is counted, counters and gauges.
 *
 *	struct calls { u64 count; s64 active; };
 *	SONDE_HASH(calls, struct sonde_process, struct calls, 4096);    // 4096 processes x 88 B = 352 KiB
 *
 *	struct calls *entry = sonde_slot(calls, &process);
 *	if (entry)
 *		sonde_add(&entry->count, 1);
 */
#ifndef SONDE_MAP_H
#define SONDE_MAP_H

#include <sonde/types.h>
#include <sonde/loss.h>

/* The largest value that sonde_slot() can insert; define it before the include to raise it. */
#ifndef SONDE_VALUE_MAX
#define SONDE_VALUE_MAX 2048
#endif

/* What a fresh entry is made of: a value may be larger than the BPF stack. */
const char sonde_zeroes[SONDE_VALUE_MAX] SEC(".rodata") = {};

#define ___SONDE_MAP(map_type, name, key_t, value_t, max)                                                          \
	struct {                                                                                                   \
		__uint(type, map_type);                                                                            \
		__uint(max_entries, max);                                                                          \
		__type(key, key_t);                                                                                \
		__type(value, value_t);                                                                            \
	} name SEC(".maps");                                                                                       \
	struct {                                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                                           \
		__uint(max_entries, 1);                                                                            \
		__type(key, u32);                                                                                  \
		__type(value, value_t);                                                                            \
	} name##__overflow SEC(".maps");                                                                           \
	_Static_assert(sizeof(value_t) <= SONDE_VALUE_MAX, "define SONDE_VALUE_MAX for so large a value")

/*
 * Declare an aggregation map and its companion `<name>__overflow`, the one entry that takes every update for
 * which the map has no room. The host shows that entry as the overflow series. Never an LRU: it evicts counts
 * in silence. PERCPU is worth its memory (a value for each CPU) when many CPUs update the same entry.
 */
#define SONDE_HASH(name, key_t, value_t, max) ___SONDE_MAP(BPF_MAP_TYPE_HASH, name, key_t, value_t, max)
#define SONDE_PERCPU_HASH(name, key_t, value_t, max) ___SONDE_MAP(BPF_MAP_TYPE_PERCPU_HASH, name, key_t, value_t, max)

static __always_inline void *___sonde_slot(void *map, void *overflow, const void *key)
{
	void *value = bpf_map_lookup_elem(map, key);
	u32 zero = 0;

	if (likely(value))
		return value;
	bpf_map_update_elem(map, key, sonde_zeroes, BPF_NOEXIST);
	value = bpf_map_lookup_elem(map, key);
	if (value)
		return value;
	sonde_lost(SONDE_LOSS_MAP_FULL, 1);
	return bpf_map_lookup_elem(overflow, &zero);
}

/*
 * The entry of the key in a map declared above, inserted as zeroes if new; when the map is full, the overflow
 * entry, and SONDE_LOSS_MAP_FULL counts one more update that went there. Call it once for each thing that
 * happened. The pointer is never NULL at run time, yet the verifier wants it checked.
 */
#define sonde_slot(name, key_pointer)                                                                                      \
	({                                                                                                         \
		_Static_assert(sizeof(*(key_pointer)) == sizeof(*(name).key), "not the key of this map");                  \
		(typeof((name).value))___sonde_slot(&(name), &(name##__overflow), key_pointer);                            \
	})

/*
 * Adds to a counter or an up-down counter of 4 or 8 bytes. Atomic also in per-CPU entries, where it costs some
 * 5 ns: tracepoints can be preempted, and a plain addition would then lose a count now and then. The compiler is not
 * to know the amount: of an addition of 0 it makes an atomic or, which no kernel before 5.12 has.
 */
#define sonde_add(field, n)                                                                                        \
	({                                                                                                         \
		typeof(*(field)) ___amount = (n);                                                                  \
		asm volatile("" : "+r"(___amount));                                                                \
		(void)__sync_fetch_and_add(field, ___amount);                                                      \
	})

/* Sets a gauge. */
#define sonde_set(field, x) ((void)(*(volatile typeof(*(field)) *)(field) = (x)))

#endif
