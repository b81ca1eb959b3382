/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One program for each kind of hook; each counts its runs for one process, or for the children of one. */
#include "types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

struct task_struct {
	int tgid;
	struct task_struct *real_parent;
} __attribute__((preserve_access_index));

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));

struct bpf_perf_event_data;

const volatile s32 parent = 0;

enum hook { TRACEPOINT, RAW_TRACEPOINT, TP_BTF, UPROBE, URETPROBE, UPROBE_MULTI, USDT, PERF_EVENT, HOOKS };

u64 runs[HOOKS];
u64 cookies;

static void count(enum hook hook)
{
	__sync_fetch_and_add(&runs[hook], 1);
}

static void count_child(enum hook hook)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (BPF_CORE_READ(task, real_parent, tgid) == parent)
		count(hook);
}

SEC("tracepoint/sched/sched_process_exec")
int on_tracepoint(void *ctx)
{
	count_child(TRACEPOINT);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int on_raw_tracepoint(void *ctx)
{
	count_child(RAW_TRACEPOINT);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int on_tp_btf(void *ctx)
{
	count_child(TP_BTF);
	return 0;
}

SEC("uprobe")
int on_uprobe(struct pt_regs *ctx)
{
	count(UPROBE);
	return 0;
}

SEC("uretprobe")
int on_uretprobe(struct pt_regs *ctx)
{
	count(URETPROBE);
	return 0;
}

SEC("uprobe")
int on_uprobe_multi(struct pt_regs *ctx)
{
	count(UPROBE_MULTI);
	__sync_fetch_and_add(&cookies, bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("usdt")
int on_usdt(struct pt_regs *ctx)
{
	count(USDT);
	return 0;
}

SEC("perf_event")
int on_perf_event(struct bpf_perf_event_data *ctx)
{
	count(PERF_EVENT);
	return 0;
}

SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	s32 tgid;

	if (!task)
		return 0;
	tgid = BPF_CORE_READ(task, tgid);
	bpf_seq_write(ctx->meta->seq, &tgid, sizeof(tgid));
	return 0;
}

SEC("kprobe/vfs_read")
int on_kprobe(struct pt_regs *ctx)
{
	return 0;
}

SEC("fentry/vfs_read")
int on_fentry(void *ctx)
{
	return 0;
}
