/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Records to user space. What finds no room is counted as SONDE_LOSS_RING_FULL; the reader is woken when another
 * quarter of the ring has filled, and looks by itself at least every 100 ms, so no event pays for a wake-up.
 *
 *	struct slow_call { struct sonde_event event; struct sonde_process process; u64 duration; };
 *	SONDE_EXPORT(struct slow_call);
 *	SONDE_RING(events, 256 * 1024);             // 48 B + 8 B a record: 4681 slow calls in 100 ms
 *
 *	struct slow_call *call = sonde_reserve(&events, struct slow_call);
 *	if (!call)
 *		return 0;
 *	sonde_event_init(&call->event, SLOW_CALL);
 *	...                                         // fill every field: the memory is not zeroed
 *	sonde_submit(&events, call);
 */
#ifndef SONDE_RING_H
#define SONDE_RING_H

#include <sonde/types.h>
#include <sonde/loss.h>

/* `bytes` is a power of two and a multiple of the page size. */
#define SONDE_RING(name, bytes)                                                                                    \
	struct {                                                                                                   \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                                                \
		__uint(max_entries, bytes);                                                                        \
	} name SEC(".maps")

/* Every record starts with it. */
struct sonde_event {
	sonde_ns_t time; /* when it happened */
	u32 kind;        /* which kind of record of this ring: the probe's own numbers */
	u32 weight;      /* how many happenings it stands for: 1, unless the probe samples */
};

/* Stamps a record that stands for one happening, now. */
static __always_inline void sonde_event_init(struct sonde_event *event, u32 kind)
{
	event->time = bpf_ktime_get_ns();
	event->kind = kind;
	event->weight = 1;
}

/* Room that a record takes in the ring: a header, and padding to 8 bytes. */
#define ___SONDE_RING_HEADER 8
#define ___sonde_ring_room(size) (((size) + ___SONDE_RING_HEADER + 7) & ~7ULL)

/* Whether `added` bytes took the fill of the ring over a quarter of its size, or over two or three. */
static __always_inline u64 ___sonde_wake_up(void *ring, u64 before, u64 added)
{
	u64 quarter = bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) >> 2;

	return (before ^ (before + added)) & ~(quarter - 1) ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

static __always_inline void *___sonde_reserve(void *ring, u64 size)
{
	void *record = bpf_ringbuf_reserve(ring, size, 0);

	if (!record)
		sonde_lost(SONDE_LOSS_RING_FULL, 1);
	return record;
}

static __always_inline void ___sonde_submit(void *ring, void *record, u64 size)
{
	u64 room = ___sonde_ring_room(size);

	bpf_ringbuf_submit(record, ___sonde_wake_up(ring, bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) - room, room));
}

/* Room for one record of `type`, or NULL, which has been counted. To be submitted or discarded on every path. */
#define sonde_reserve(ring, type) ((type *)___sonde_reserve(ring, sizeof(type)))

/* Hands over a record that sonde_reserve() gave. */
#define sonde_submit(ring, record) ___sonde_submit(ring, record, sizeof(*(record)))

/* Gives a reserved record up. It never happened, so nothing is counted. */
#define sonde_discard(record) bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP)

/*
 * Copies a record of any length: `size` bytes from the stack or a scratch entry.
 * Returns 0, or a negative error, which has been counted.
 */
static __always_inline long sonde_output(void *ring, void *data, u64 size)
{
	u64 before = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	long error = bpf_ringbuf_output(ring, data, size, ___sonde_wake_up(ring, before, ___sonde_ring_room(size)));

	if (error)
		sonde_lost(SONDE_LOSS_RING_FULL, 1);
	return error;
}

/*
 * A place to put together what is too large for the 512 B stack: one `value_t` for each CPU. Only one program may use
 * it: the kernel never runs a program inside itself on the same CPU, but it may run another.
 */
#define SONDE_SCRATCH(name, value_t)                                                                                  \
	struct {                                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                                           \
		__uint(max_entries, 1);                                                                            \
		__type(key, u32);                                                                                  \
		__type(value, value_t);                                                                            \
	} name SEC(".maps")

/* This CPU's scratch entry, with what the last run left in it. Never NULL at run time, yet the verifier wants it checked. */
#define sonde_scratch(name)                                                                                        \
	({                                                                                                         \
		u32 ___zero = 0;                                                                                   \
		(typeof((name).value))bpf_map_lookup_elem(&(name), &___zero);                                      \
	})

#endif
