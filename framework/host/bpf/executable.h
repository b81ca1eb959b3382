/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The path of a process's executable, as readlink(/proc/<pid>/exe) gives it: no helper may be asked for it here. */
#ifndef HOST_EXECUTABLE_H
#define HOST_EXECUTABLE_H

#include "kernel.h"

#define NAME_SIZE 256
#define PATH_SIZE 1024
/* Names and mount points together; a deeper path keeps its end. */
#define PATH_STEPS 40

/*
 * Writes the names from the file up to the root of its mount namespace, each with its NUL, so
 * /usr/bin/node becomes "node\0bin\0usr\0". Returns the bytes written; sets `cut` if the path goes on.
 */
static __always_inline u32 executable_names(struct mm_struct *mm, char *names, bool *cut)
{
	struct file___host *file = (void *)BPF_CORE_READ(mm, exe_file);
	struct vfsmount *vfsmount = BPF_CORE_READ(file, f_path.mnt);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct mount *mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
	u32 used = 0;

	*cut = false;
	if (!file)
		return 0;
	for (int step = 0; step < PATH_STEPS; step++) {
		struct dentry *root = BPF_CORE_READ(mount, mnt.mnt_root);
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		if (dentry == root) {
			struct mount *below = BPF_CORE_READ(mount, mnt_parent);

			if (below == mount)
				return used;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = below;
			continue;
		}
		if (used > PATH_SIZE - NAME_SIZE)
			break;
		long length = bpf_probe_read_kernel_str(names + used, NAME_SIZE, BPF_CORE_READ(dentry, d_name.name));

		if (length <= 0 || length > NAME_SIZE)
			break;
		used += length;
		if (dentry == parent) /* in no tree: a memfd */
			return used;
		dentry = parent;
	}
	*cut = true;
	return used;
}

#endif
