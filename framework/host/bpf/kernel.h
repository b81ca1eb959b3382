/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel types that only the host's own object reads, as flavours of the kit's partial ones. */
#ifndef HOST_KERNEL_H
#define HOST_KERNEL_H

#include <sonde/types.h>

#define PF_KTHREAD 0x00200000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path___host {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file___host {
	struct path___host f_path;
};

struct upid {
	int nr;
	void *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct signal_struct___host {
	struct {
		int counter;
	} live;
};

struct task_struct___host {
	struct pid *thread_pid;
	struct signal_struct___host *signal;
};

struct cgroup_root {
	unsigned int subsys_mask;
	int hierarchy_id;
};

#pragma clang attribute pop

#endif
