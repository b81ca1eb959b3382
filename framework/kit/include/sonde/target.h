/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which processes a probe watches. A program begins with
 *
 *	if (!sonde_target_match())
 *		return 0;
 *
 * Without rules that is a few instructions. The host resolves rules to processes and cgroups, and holds a bit
 * for each probe in one map that all probes share; changing a rule neither reloads nor detaches a program.
 */
#ifndef SONDE_TARGET_H
#define SONDE_TARGET_H

#include <sonde/types.h>

/* The bit of this probe in a rule (0-63); set before load. */
const volatile u32 sonde_probe_bit = 0;

/* Which rules there are for this probe, a set of the flags below; written while it runs. 0: it watches everything. */
volatile u32 sonde_target_mode = 0;

/* The host's own tgid, set before load: nobody asked what watching costs. 0: the host is watched like any other. */
const volatile u32 sonde_self = 0;

/* Differs from that of any object before or after, set before load: for what stands in a map that a reload keeps. */
const volatile u32 sonde_generation = 1;

#define SONDE_TARGET_SELECTED (1U << 0) /* only what a rule includes */
#define SONDE_TARGET_EXCLUDES (1U << 1) /* some rules exclude */
#define SONDE_TARGET_PAUSED (1U << 3)   /* nothing for now: another object of the same probe counts */
#define SONDE_TARGET_CGROUPS (1U << 2)  /* some rules are by cgroup: without this, cgroups are not looked at */

#define SONDE_TARGET_PROCESS 0 /* id is the tgid */
#define SONDE_TARGET_CGROUP 1  /* id is a sonde_cgroup_t; its descendants match too */

/* Whether another object of the same probe counts for now; then maps that a reload keeps are to be left alone. */
static __always_inline bool sonde_target_paused(void)
{
	return sonde_target_mode & SONDE_TARGET_PAUSED;
}

struct sonde_target_key {
	u64 id;
	u32 kind;
	u32 reserved;
};

/* A bit for each probe. An exclusion wins over any inclusion. */
struct sonde_target {
	u64 include;
	u64 exclude;
};

/*
 * Replaced at load by the host's own. 16384 processes and cgroups named by a rule, of 80 B each: 1.3 MB once a
 * host; preallocated, since before 6.1 perf_event programs refuse any other hash.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct sonde_target_key);
	__type(value, struct sonde_target);
} sonde_targets SEC(".maps");

/* Deeper cgroups than this do not inherit a rule; Kubernetes in a container in Kubernetes makes about 12. */
#define SONDE_CGROUP_DEPTH 32

/* In a sonde_cgroup_t: the cgroup is of the v1 memory hierarchy. (An id has 32 bits, and more only after a wrap.) */
#define SONDE_CGROUP_V1 (1ULL << 52)

/* The cgroup that stands for a task: that of v2, unless it is the root; then that of the v1 memory controller. */
static __always_inline struct cgroup *___sonde_cgroup(struct task_struct *task, bool *v1)
{
	struct css_set *css_set = BPF_CORE_READ(task, cgroups);
	struct cgroup *unified = BPF_CORE_READ(css_set, dfl_cgrp), *memory;
	struct cgroup_subsys_state *state = NULL;
	u64 index;

	*v1 = false;
	if (BPF_CORE_READ(unified, level) || !bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return unified;
	index = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	bpf_core_read(&state, sizeof(state), &css_set->subsys[index]);
	memory = BPF_CORE_READ(state, cgroup);
	if (!memory || BPF_CORE_READ(memory, root) == BPF_CORE_READ(unified, root))
		return unified;
	*v1 = true;
	return memory;
}

/* The cgroup of a task, for a key or a record: the host labels it with container and pod. */
static __always_inline sonde_cgroup_t sonde_cgroup_of(struct task_struct *task)
{
	bool v1;
	struct cgroup *cgroup = ___sonde_cgroup(task, &v1);

	return BPF_CORE_READ(cgroup, kn, id) | (v1 ? SONDE_CGROUP_V1 : 0);
}

/* The cgroup of the current task. */
static __always_inline sonde_cgroup_t sonde_cgroup_current(void)
{
	return sonde_cgroup_of((struct task_struct *)bpf_get_current_task());
}

static __always_inline void ___sonde_target_collect(u64 id, u32 kind, struct sonde_target *found)
{
	struct sonde_target_key key = { .id = id, .kind = kind };
	struct sonde_target *rule = bpf_map_lookup_elem(&sonde_targets, &key);

	if (rule) {
		found->include |= rule->include;
		found->exclude |= rule->exclude;
	}
}

/* Not inlined: one copy serves all programs of an object, and the walk is verified once. */
static __noinline bool ___sonde_target_ask(struct task_struct *task, u32 tgid, u32 mode)
{
	struct sonde_target found = {};
	u64 bit = 1ULL << (sonde_probe_bit & 63);

	if (mode & SONDE_TARGET_PAUSED)
		return false;
	___sonde_target_collect(tgid, SONDE_TARGET_PROCESS, &found);
	if (mode & SONDE_TARGET_CGROUPS) {
		bool v1;
		struct cgroup *cgroup = ___sonde_cgroup(task, &v1);

		for (int depth = 0; depth < SONDE_CGROUP_DEPTH && cgroup; depth++) {
			u64 id = BPF_CORE_READ(cgroup, kn, id);
			struct cgroup_subsys_state *parent = BPF_CORE_READ(cgroup, self.parent);

			___sonde_target_collect(id | (v1 ? SONDE_CGROUP_V1 : 0), SONDE_TARGET_CGROUP, &found);
			cgroup = parent ? BPF_CORE_READ(parent, cgroup) : NULL;
		}
	}
	if (found.exclude & bit)
		return false;
	return !(mode & SONDE_TARGET_SELECTED) || (found.include & bit);
}

/* Whether this probe watches the process of `task`. Usable in every program type. */
static __always_inline bool sonde_target_match_task(struct task_struct *task)
{
	u32 tgid = BPF_CORE_READ(task, tgid), mode = sonde_target_mode;

	if (sonde_self && tgid == sonde_self)
		return false;
	return likely(!mode) || ___sonde_target_ask(task, tgid, mode);
}

/* Whether this probe watches the current process; see sonde_process_current() on interrupts. */
static __always_inline bool sonde_target_match(void)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32, mode = sonde_target_mode;

	if (sonde_self && tgid == sonde_self)
		return false;
	return likely(!mode) || ___sonde_target_ask((struct task_struct *)bpf_get_current_task(), tgid, mode);
}

#endif
