/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NULL ((void *)0)

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct key {
	__u64 address;
	__u64 port;
};

struct value {
	__u64 counters[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__type(key, struct key);
	__type(value, struct value);
} shared SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 131072);
	__type(key, struct key);
	__type(value, struct value);
} percpu SEC(".maps");

struct record {
	__u64 number;
	__u64 delta;
	__u8 filler[48];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024 * 1024);
} ring SEC(".maps");

__u64 produced;
__u64 failed;

/* A run submits as many records; one in WAKE_EVERY wakes the consumer, as a probe does by a threshold. */
#define RECORDS 10000
#define WAKE_EVERY 1000

static long submit(__u32 index, void *context)
{
	struct record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!record) {
		__sync_fetch_and_add(&failed, 1);
		return 0;
	}
	record->number = index;
	record->delta = 1;
	bpf_ringbuf_submit(record, index % WAKE_EVERY ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP);
	return 0;
}

SEC("syscall")
int produce(void *ctx)
{
	bpf_loop(RECORDS, submit, NULL, 0);
	__sync_fetch_and_add(&produced, RECORDS);
	return 0;
}
