// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counts by process how often it takes a name that begins with "sond": as often as a workload wants. */
#include <sonde/probe.h>

/* 4096 processes x 88 B = 352 KiB */
SONDE_HASH(renames, struct sonde_process, u64, 4096);

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task, const char *name)
{
	struct sonde_process process;
	char start[4];
	u64 *count;

	if (!sonde_target_match())
		return 0;
	bpf_probe_read_kernel(start, sizeof(start), name);
	if (start[0] != 's' || start[1] != 'o' || start[2] != 'n' || start[3] != 'd')
		return 0;
	sonde_process_current(&process);
	count = sonde_slot(renames, &process);
	if (count)
		sonde_add(count, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
