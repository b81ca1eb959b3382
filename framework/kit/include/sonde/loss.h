/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loss is data: whatever a program could not record is counted, by cause. The other helpers do it by themselves. */
#ifndef SONDE_LOSS_H
#define SONDE_LOSS_H

#include <sonde/types.h>

/* Why something was lost. The host reads the names from BTF: RING_FULL becomes cause="ring_full". */
enum sonde_loss_cause {
	SONDE_LOSS_RING_FULL,    /* a record found no room in its ring */
	SONDE_LOSS_MAP_FULL,     /* an update went to the overflow entry: only its labels are lost, not its value */
	SONDE_LOSS_COPY_FAULT,   /* memory of the observed process could not be read */
	SONDE_LOSS_RATE_LIMITED, /* a token bucket was empty */
	SONDE_LOSS_STATE_FULL,   /* the start of a measurement found no room, so that its end goes unseen */
	SONDE_LOSS_CUSTOM = 16,  /* the first of a probe's own */
};
SONDE_EXPORT(enum sonde_loss_cause);

/*
 * A probe names its own causes from SONDE_LOSS_CUSTOM on:
 *
 *	enum sonde_custom_loss { SONDE_LOSS_PARSE = SONDE_LOSS_CUSTOM };
 *	SONDE_EXPORT(enum sonde_custom_loss);
 */
#define SONDE_LOSS_CAUSES 64

/* 64 counters of 8 B: 512 B a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SONDE_LOSS_CAUSES);
	__type(key, u32);
	__type(value, u64);
} sonde_loss SEC(".maps");

/* Counts `n` things lost by `cause`: one of enum sonde_loss_cause, or a probe's own. */
static __always_inline void sonde_lost(u32 cause, u64 n)
{
	u64 *count = bpf_map_lookup_elem(&sonde_loss, &cause);

	if (count)
		__sync_fetch_and_add(count, n);
}

#endif
