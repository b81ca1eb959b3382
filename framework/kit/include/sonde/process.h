/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who a process is. */
#ifndef SONDE_PROCESS_H
#define SONDE_PROCESS_H

#include <sonde/types.h>

/*
 * A process, for ever: a reused pid differs in `start`, an exec in `exec_id`. Put it into a key, a value or
 * a ring record, and the host labels the series with the process, its container, pod and node.
 */
struct sonde_process {
	u32 tgid;    /* in the initial pid namespace */
	u32 exec_id; /* how often the process and its ancestors called exec, modulo 2^32 */
	u64 start;   /* of the thread group's leader, CLOCK_BOOTTIME, in ns */
};

/* Fills `process` with the process of `task`, which may be any thread of it. Usable in every program type. */
static __always_inline void sonde_process_of(struct task_struct *task, struct sonde_process *process)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	process->tgid = BPF_CORE_READ(task, tgid);
	process->exec_id = BPF_CORE_READ(leader, self_exec_id);
	process->start = BPF_CORE_READ(leader, start_boottime);
}

/*
 * Fills `process` with the current process. In an interrupt that is whoever was interrupted: there, take the
 * owner from the object at hand. From 5.11 on plain loads take the place of three helper calls.
 */
static __always_inline void sonde_process_current(struct sonde_process *process)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) {
		struct task_struct *task = bpf_get_current_task_btf();
		struct task_struct *leader = task->group_leader;

		process->tgid = task->tgid;
		process->exec_id = leader->self_exec_id;
		process->start = leader->start_boottime;
	} else {
		sonde_process_of((struct task_struct *)bpf_get_current_task(), process);
	}
}

#endif
