// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The map that all probes ask, and what keeps it true between a fork and the moment that the host hears of it. */
#include <sonde/types.h>
#include <sonde/loss.h>
#include <sonde/target.h>

/*
 * Used in place of the kit's where the kernel can: 100,000 processes and cgroups take 2 MiB of buckets, and 80 B each
 * only while they are there. Preallocated, as kernels before 6.1 want it for perf_event programs, it is 10 MB for good.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 100000);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct sonde_target_key);
	__type(value, struct sonde_target);
} targets_on_demand SEC(".maps");

/* Never attached: whether it loads says whether programs of every type may use such a map. */
SEC("perf_event")
int canary(void *context)
{
	struct sonde_target_key key = {};

	return bpf_map_lookup_elem(&targets_on_demand, &key) != NULL;
}

/* The probes with a rule that children follow. */
volatile u64 target_followers = 0;

/* A child of a watched process is watched from its first instruction, if a rule of the probe says so. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow, struct task_struct *parent, struct task_struct *child)
{
	struct sonde_target_key key = { .id = parent->tgid, .kind = SONDE_TARGET_PROCESS };
	struct sonde_target *rule, inherited;

	if (!target_followers || child->pid != child->tgid)
		return 0;
	rule = bpf_map_lookup_elem(&sonde_targets, &key);
	if (!rule)
		return 0;
	inherited.include = rule->include & target_followers;
	inherited.exclude = rule->exclude & target_followers;
	if (!inherited.include && !inherited.exclude)
		return 0;
	key.id = child->tgid;
	if (bpf_map_update_elem(&sonde_targets, &key, &inherited, BPF_ANY))
		sonde_lost(SONDE_LOSS_MAP_FULL, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
