/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who flushes files to disk, how often and how long it takes.
 *
 * The hooks are those of the file systems. A syscall tracepoint would see tmpfs too, yet slow down every syscall of
 * every process on the machine.
 */
#include <sonde/probe.h>

struct call_key {
	struct sonde_process process;
	u32 datasync; /* 1: fdatasync() */
	u32 reserved;
};

struct calls {
	u64 count;
	u64 slow;
	u64 errors;
	sonde_histogram_t duration;
};

/* 1024 processes x 2 kinds, 880 B a CPU and 72 B: 3.8 MB with two CPUs. */
SONDE_PERCPU_HASH(calls, struct call_key, struct calls, 2048);

struct last {
	u64 file_size;
};

/* 1024 processes x 72 B: 72 KiB. */
SONDE_HASH(last, struct sonde_process, struct last, 1024);

struct file_key {
	struct sonde_process process;
	u64 inode;
	sonde_dev_t device;
	u32 reserved;
};

struct file_calls {
	u64 count;
};

/* The param maxFiles; 1024 x 88 B: 88 KiB. */
SONDE_HASH(files, struct file_key, struct file_calls, 1024);

struct start {
	sonde_ns_t time;
	u64 inode;
	u32 datasync;
	u32 reserved;
};

/* Threads inside fsync at the same time: 4096 x 80 B = 320 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct start);
} starts SEC(".maps");

enum event_kind { SLOW_CALL };

struct slow_call {
	struct sonde_event event;
	struct sonde_process process;
	sonde_ns_t duration;
	u64 inode;
	u32 datasync;
	sonde_errno_t error;
};
SONDE_EXPORT(struct slow_call);

/* 64 B a record: 1024 slow calls, ten seconds of what the bucket lets pass. */
SONDE_RING(events, 64 * 1024);

#define SLOW_CALLS_PER_SECOND 100

struct sonde_bucket slow_calls_bucket;

volatile struct {
	u64 slow_ns;
	bool report_slow;
} settings;

static __always_inline int count_call(struct inode *inode, u32 datasync)
{
	struct call_key key = { .datasync = datasync };
	struct file_calls *file_calls;
	struct file_key file = {};
	struct calls *calls_entry;
	struct last *last_entry;

	if (!sonde_target_match())
		return 0;
	sonde_process_current(&key.process);
	calls_entry = sonde_slot(calls, &key);
	if (calls_entry)
		sonde_add(&calls_entry->count, 1);
	last_entry = sonde_slot(last, &key.process);
	if (last_entry)
		sonde_set(&last_entry->file_size, BPF_CORE_READ(inode, i_size));
	file.process = key.process;
	file.inode = BPF_CORE_READ(inode, i_ino);
	file.device = BPF_CORE_READ(inode, i_sb, s_dev);
	file_calls = sonde_slot(files, &file);
	if (file_calls)
		sonde_add(&file_calls->count, 1);
	return 0;
}

SEC("fentry/ext4_sync_file")
int BPF_PROG(count_fentry, struct file *file, s64 start, s64 end, int datasync)
{
	return count_call(BPF_CORE_READ(file, f_inode), datasync);
}

SEC("kprobe/ext4_sync_file")
int BPF_KPROBE(count_kprobe, struct file *file, s64 start, s64 end, int datasync)
{
	return count_call(BPF_CORE_READ(file, f_inode), datasync);
}

SEC("tp_btf/ext4_sync_file_enter")
int BPF_PROG(count_ext4, struct file *file, int datasync)
{
	return count_call(BPF_CORE_READ(file, f_inode), datasync);
}

SEC("tp_btf/f2fs_sync_file_enter")
int BPF_PROG(count_f2fs, struct inode *inode)
{
	return count_call(inode, 0);
}

SEC("tp_btf/ext4_sync_file_enter")
int BPF_PROG(begin_ext4, struct file *file, int datasync)
{
	u64 thread = bpf_get_current_pid_tgid();
	struct start start = { .time = bpf_ktime_get_ns(), .datasync = datasync };

	if (!sonde_target_match())
		return 0;
	start.inode = BPF_CORE_READ(file, f_inode, i_ino);
	if (bpf_map_update_elem(&starts, &thread, &start, BPF_ANY))
		sonde_lost(SONDE_LOSS_STATE_FULL, 1);
	return 0;
}

static __always_inline void report_slow_call(const struct call_key *key, const struct start *start, u64 duration,
					     int error)
{
	struct slow_call *call;

	if (!settings.report_slow || !sonde_allow(&slow_calls_bucket, SLOW_CALLS_PER_SECOND, SLOW_CALLS_PER_SECOND))
		return;
	call = sonde_reserve(&events, struct slow_call);
	if (!call)
		return;
	sonde_event_init(&call->event, SLOW_CALL);
	call->process = key->process;
	call->duration = duration;
	call->inode = start->inode;
	call->datasync = start->datasync;
	call->error = error;
	sonde_submit(&events, call);
}

/* Whether the process is watched was asked at the beginning. */
SEC("tp_btf/ext4_sync_file_exit")
int BPF_PROG(end_ext4, struct inode *inode, int error)
{
	u64 thread = bpf_get_current_pid_tgid(), duration;
	struct start *start = bpf_map_lookup_elem(&starts, &thread);
	struct call_key key = {};
	struct calls *entry;

	if (!start)
		return 0;
	duration = bpf_ktime_get_ns() - start->time;
	key.datasync = start->datasync;
	sonde_process_current(&key.process);
	entry = sonde_slot(calls, &key);
	if (entry) {
		sonde_histogram_add(&entry->duration, duration);
		if (error)
			sonde_add(&entry->errors, 1);
		if (duration > settings.slow_ns) {
			sonde_add(&entry->slow, 1);
			report_slow_call(&key, start, duration, error);
		}
	}
	bpf_map_delete_elem(&starts, &thread);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
