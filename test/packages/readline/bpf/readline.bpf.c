/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls of one function of one program or library, found by its symbol or by its offset in the file. */
#include <sonde/probe.h>

enum place { BY_SYMBOL, BY_OFFSET };

struct call_key {
	struct sonde_process process;
	u32 place;
	u32 reserved;
};

struct calls {
	u64 count;
};

/* 1024 processes, two ways each, 80 B: 160 KiB. */
SONDE_HASH(calls, struct call_key, struct calls, 2048);

struct durations {
	sonde_histogram_t duration;
};

/* 1024 processes x 920 B: 920 KiB. */
SONDE_HASH(durations, struct sonde_process, struct durations, 1024);

/* Threads inside the function at the same time: 4096 x 64 B = 256 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, sonde_ns_t);
} starts SEC(".maps");

static __always_inline int count_call(enum place place)
{
	struct call_key key = { .place = place };
	struct calls *entry;

	if (!sonde_target_match())
		return 0;
	sonde_process_current(&key.process);
	entry = sonde_slot(calls, &key);
	if (entry)
		sonde_add(&entry->count, 1);
	return 0;
}

SEC("uprobe")
int count_by_symbol(struct pt_regs *registers)
{
	return count_call(BY_SYMBOL);
}

SEC("uprobe")
int count_by_offset(struct pt_regs *registers)
{
	return count_call(BY_OFFSET);
}

SEC("uprobe")
int begin(struct pt_regs *registers)
{
	u64 thread = bpf_get_current_pid_tgid();
	sonde_ns_t now = bpf_ktime_get_ns();

	if (sonde_target_match() && bpf_map_update_elem(&starts, &thread, &now, BPF_ANY))
		sonde_lost(SONDE_LOSS_STATE_FULL, 1);
	return 0;
}

/* Whether the process is watched was asked at the beginning. */
SEC("uretprobe")
int end(struct pt_regs *registers)
{
	u64 thread = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
	sonde_ns_t *start = bpf_map_lookup_elem(&starts, &thread);
	struct sonde_process process;
	struct durations *entry;

	if (!start)
		return 0;
	sonde_process_current(&process);
	entry = sonde_slot(durations, &process);
	if (entry)
		sonde_histogram_add(&entry->duration, now - *start);
	bpf_map_delete_elem(&starts, &thread);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
