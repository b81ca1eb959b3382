/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A producer that knows what it produced. It runs at each tick(number) of the workload. */
#include "types.h"
#include <bpf/bpf_tracing.h>

struct record {
	u64 number;
	u8 filler[56];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024); /* 910 records of 72 bytes: small enough to overflow */
} ring SEC(".maps");

/* 0, BPF_RB_NO_WAKEUP or BPF_RB_FORCE_WAKEUP */
volatile u64 wakeup;

u64 produced;
u64 discarded;
u64 failed;

SEC("uprobe")
int submit_fixed(struct pt_regs *ctx)
{
	struct record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	__sync_fetch_and_add(&produced, 1);
	if (!record) {
		__sync_fetch_and_add(&failed, 1);
		return 0;
	}
	record->number = PT_REGS_PARM1(ctx);
	bpf_ringbuf_submit(record, wakeup);
	return 0;
}

/* Lengths 8 to 135, and every seventh record is thrown away. */
SEC("uprobe")
int submit_varied(struct pt_regs *ctx)
{
	u64 number = PT_REGS_PARM1(ctx);
	u64 bytes[17] = { number };

	if (number % 7 == 6) {
		void *record = bpf_ringbuf_reserve(&ring, 24, 0);

		if (record) {
			bpf_ringbuf_discard(record, wakeup);
			__sync_fetch_and_add(&discarded, 1);
		}
		return 0;
	}
	__sync_fetch_and_add(&produced, 1);
	if (bpf_ringbuf_output(&ring, bytes, 8 + (number & 127), wakeup))
		__sync_fetch_and_add(&failed, 1);
	return 0;
}
