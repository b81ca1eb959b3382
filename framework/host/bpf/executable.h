/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The path of a process's executable, as readlink(/proc/<pid>/exe) gives it: no helper may be asked for it here. */
#ifndef HOST_EXECUTABLE_H
#define HOST_EXECUTABLE_H

#include "kernel.h"

#define NAME_SIZE 256
/* A power of two, see bounded(). */
#define PATH_SIZE 1024
/* Names and mount points together; a deeper path keeps its end. */
#define PATH_STEPS 40

/* `value`, which is below `limit`, a power of two, in a way that verifiers before 6.2 see: they forget what was spilled. */
static __always_inline u32 bounded(u32 value, u32 limit)
{
	asm volatile("" : "+r"(value));
	return value & (limit - 1);
}

/* How far the way up has come. To lie in a map, where the verifier knows no values: so each step looks like the last. */
struct path_walk {
	struct dentry *dentry;
	struct mount *mount;
	u32 used;
};

enum path_step { PATH_GOES_ON, PATH_AT_ROOT, PATH_CUT_OFF };

/* Not inlined: a loop with this as its body is laid out as verifiers before 6.2 want it. */
static __noinline enum path_step step_up(struct path_walk *walk, char *names)
{
	struct dentry *dentry = walk->dentry;
	struct mount *mount = walk->mount;
	const unsigned char *name;
	long length;

	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = BPF_CORE_READ(mount, mnt_parent);
		return walk->mount == mount ? PATH_AT_ROOT : PATH_GOES_ON;
	}
	if (walk->used >= PATH_SIZE - NAME_SIZE)
		return PATH_CUT_OFF;
	name = BPF_CORE_READ(dentry, d_name.name);
	length = bpf_probe_read_kernel_str(names + bounded(walk->used, PATH_SIZE), NAME_SIZE, name);
	if (length <= 0)
		return PATH_CUT_OFF;
	walk->used += length;
	walk->dentry = BPF_CORE_READ(dentry, d_parent);
	return walk->dentry == dentry ? PATH_AT_ROOT : PATH_GOES_ON; /* in no tree: a memfd */
}

/*
 * Writes the names from the file up to the root of its mount namespace, each with its NUL, so
 * /usr/bin/node becomes "node\0bin\0usr\0". Sets `walk->used` to the bytes written, below PATH_SIZE. Returns whether
 * that is the whole path.
 */
static __always_inline bool executable_names(struct mm_struct *mm, struct path_walk *walk, char *names)
{
	struct file___host *file = (void *)BPF_CORE_READ(mm, exe_file);
	struct vfsmount *vfsmount = BPF_CORE_READ(file, f_path.mnt);
	enum path_step result = PATH_GOES_ON;

	walk->used = 0;
	if (!file)
		return true;
	walk->dentry = BPF_CORE_READ(file, f_path.dentry);
	walk->mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
	for (int step = 0; step < PATH_STEPS && result == PATH_GOES_ON; step++)
		result = step_up(walk, names);
	return result == PATH_AT_ROOT;
}

#endif
