// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The host's own object: who lives on this machine.
 *
 * Attach the tp_btf programs, then run `walk` once for what lived before: no process falls in between.
 */
#include <sonde/types.h>
#include <sonde/loss.h>
#include <sonde/process.h>
#include <sonde/ring.h>
#include <sonde/target.h>

#include "executable.h"
#include "kernel.h"
#include "records.h"

/* A start costs some 500 B (fork, exec, exit): 1 MiB holds 2,000 starts, ten times what a storm brings in 100 ms. */
SONDE_RING(host_records, 1 << 20);

/* Where a host_exec is put together: 2 KB a CPU each. The walk can be preempted by an exec. */
struct scratch {
	struct host_exec exec;
	struct path_walk path;
};
SONDE_SCRATCH(exec_scratch, struct scratch);
SONDE_SCRATCH(walk_scratch, struct scratch);

static __always_inline u32 namespace_pid(struct task_struct *task)
{
	struct task_struct___host *host = (void *)task;
	struct pid *pid = BPF_CORE_READ(host, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);
	struct upid *number = (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);

	return BPF_CORE_READ(number, nr);
}

static __always_inline void fill_facts(struct host_facts *facts, struct task_struct *leader)
{
	facts->parent_tgid = BPF_CORE_READ(leader, real_parent, tgid);
	facts->namespace_tgid = namespace_pid(leader);
	facts->uid = BPF_CORE_READ(leader, cred, euid.val);
	facts->flags = BPF_CORE_READ(leader, flags) & PF_KTHREAD ? HOST_KERNEL_THREAD : 0;
	facts->cgroup = sonde_cgroup_of(leader);
	BPF_CORE_READ_STR_INTO(&facts->comm, leader, comm);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct host_fork *fork;

	if (child->pid != child->tgid)
		return 0;
	fork = sonde_reserve(&host_records, struct host_fork);
	if (!fork)
		return 0;
	sonde_event_init(&fork->event, HOST_FORK);
	sonde_process_of(child, &fork->process);
	sonde_process_of(parent, &fork->parent);
	fill_facts(&fork->facts, child);
	sonde_submit(&host_records, fork);
	return 0;
}

/* All but the command line. */
static __always_inline void fill_exec(struct scratch *scratch, struct task_struct *leader)
{
	struct host_exec *exec = &scratch->exec;

	sonde_event_init(&exec->event, HOST_EXEC);
	sonde_process_of(leader, &exec->process);
	fill_facts(&exec->facts, leader);
	if (!executable_names(BPF_CORE_READ(leader, mm), &scratch->path, exec->text))
		exec->facts.flags |= HOST_PATH_CUT;
	exec->path_size = scratch->path.used;
	exec->command_size = 0;
}

/* The bytes of `exec` that are used. */
static __always_inline u32 used_size(struct host_exec *exec)
{
	return bounded(offsetof(struct host_exec, text) + exec->path_size + exec->command_size, EXEC_SIZE);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	struct scratch *scratch = sonde_scratch(exec_scratch);
	unsigned long start, size;
	struct host_exec *exec;
	char *command;

	if (!scratch)
		return 0;
	exec = &scratch->exec;
	fill_exec(scratch, task);
	start = BPF_CORE_READ(task, mm, arg_start);
	size = BPF_CORE_READ(task, mm, arg_end) - start;
	if (size > COMMAND_SIZE) {
		size = COMMAND_SIZE;
		exec->facts.flags |= HOST_COMMAND_CUT;
	}
	command = exec->text + bounded(exec->path_size, PATH_SIZE);
	if (bpf_probe_read_user(command, bounded(size, 2 * COMMAND_SIZE), (void *)start))
		sonde_lost(SONDE_LOSS_COPY_FAULT, 1);
	else
		exec->command_size = size;
	sonde_output(&host_records, exec, used_size(exec));
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct task_struct___host *host = (void *)task;
	struct host_exit *exit;

	if (BPF_CORE_READ(host, signal, live.counter))
		return 0;
	exit = sonde_reserve(&host_records, struct host_exit);
	if (!exit)
		return 0;
	sonde_event_init(&exit->event, HOST_EXIT);
	sonde_process_of(task, &exit->process);
	sonde_submit(&host_records, exit);
	return 0;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *target, const char *path, struct task_struct *task)
{
	struct host_cgroup_move *move;

	if (task->pid != task->tgid)
		return 0;
	move = sonde_reserve(&host_records, struct host_cgroup_move);
	if (!move)
		return 0;
	sonde_event_init(&move->event, HOST_CGROUP_MOVE);
	sonde_process_of(task, &move->process);
	move->cgroup = sonde_cgroup_of(task);
	sonde_submit(&host_records, move);
	return 0;
}

/* The hierarchies that a process is known by: v2, which is number 0, and v1 with the memory controller. */
static __always_inline bool is_known_by(struct cgroup_root *root)
{
	if (!BPF_CORE_READ(root, hierarchy_id))
		return true;
	return bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id) &&
	       BPF_CORE_READ(root, subsys_mask) & (1U << bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
}

static __always_inline int send_cgroup(struct cgroup *cgroup, const char *path, u32 kind)
{
	struct cgroup_root *root = BPF_CORE_READ(cgroup, root);
	struct host_cgroup *record;

	if (!is_known_by(root))
		return 0;
	record = sonde_reserve(&host_records, struct host_cgroup);
	if (!record)
		return 0;
	sonde_event_init(&record->event, kind);
	record->cgroup = BPF_CORE_READ(cgroup, kn, id) | (BPF_CORE_READ(root, hierarchy_id) ? SONDE_CGROUP_V1 : 0);
	bpf_probe_read_kernel_str(record->path, sizeof(record->path), path);
	bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	return send_cgroup(cgroup, path, HOST_CGROUP_MAKE);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	return send_cgroup(cgroup, path, HOST_CGROUP_REMOVE);
}

/* One host_exec for each living process. The command line of another process cannot be read here: /proc has it. */
SEC("iter/task")
int walk(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct task_struct___host *host = (void *)task;
	struct scratch *scratch;

	if (!task || task->pid != task->tgid || !BPF_CORE_READ(host, signal, live.counter))
		return 0;
	scratch = sonde_scratch(walk_scratch);
	if (!scratch)
		return 0;
	fill_exec(scratch, task);
	bpf_seq_write(context->meta->seq, &scratch->exec, used_size(&scratch->exec));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
