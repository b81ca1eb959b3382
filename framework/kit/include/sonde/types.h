/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Base types, the typedefs that carry meaning, and the few kernel types that the kit's helpers read.
 *
 * Every kernel struct here is partial and carries preserve_access_index: the loader finds each field in
 * the running kernel's BTF, so neither order nor size matters. A probe that needs another field declares
 * its own flavour (`struct task_struct___mine`), or includes a whole "vmlinux.h" before this file.
 */
#ifndef SONDE_TYPES_H
#define SONDE_TYPES_H

#ifndef __VMLINUX_H__
#include <linux/bpf.h>
#endif

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* PT_REGS_PARM1() and the like: by the kernel's names of the registers, as in struct pt_regs below. */
#ifndef __VMLINUX_H__
#define __KERNEL__
#include <bpf/bpf_tracing.h>
#undef __KERNEL__
#else
#include <bpf/bpf_tracing.h>
#endif

#ifndef __VMLINUX_H__
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;
#define true 1
#define false 0
#endif

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/*
 * Typedefs with a meaning. The host decodes and labels a field of such a type in a map's key or value, or
 * in a ring record, with no further word in the manifest. See process.h for the identity of a process and
 * histogram.h for distributions.
 */

/* A time or duration in ns; a time is CLOCK_MONOTONIC, as bpf_ktime_get_ns() tells it. */
typedef u64 sonde_ns_t;
/* A cgroup: its kernfs id, with SONDE_CGROUP_V1 set if it lies in the v1 memory hierarchy. See target.h. */
typedef u64 sonde_cgroup_t;
/* An IP address in network order; IPv4 is mapped (::ffff:a.b.c.d). */
typedef struct {
	u8 bytes[16];
} sonde_ip_t;
/* A TCP or UDP port in host order. */
typedef u16 sonde_port_t;
/* A TCP or UDP port in network order. */
typedef u16 sonde_port_be_t;
typedef u32 sonde_ifindex_t;
/* A network namespace, by the inode number of its nsfs file. */
typedef u32 sonde_netns_t;
/* A device number as the kernel holds it: major << 20 | minor. */
typedef u32 sonde_dev_t;
/* An error number, positive or negative. */
typedef s32 sonde_errno_t;
/* The name of a thread, as in task_struct.comm. */
typedef char sonde_comm_t[16];
/* A stack in a BPF_MAP_TYPE_STACK_TRACE map, as bpf_get_stackid() returned it. */
typedef s32 sonde_stack_t;

/*
 * Puts a type into the object's BTF that no map refers to, so that the manifest and decoders can name it:
 * the struct of a ring record, an enum of kinds, `enum sonde_custom_loss`.
 */
#define SONDE_EXPORT(type) ___sonde_export(type, __COUNTER__)
#define ___sonde_export(type, number) ___sonde_export_as(type, number)
#define ___sonde_export_as(type, number) const volatile type *const sonde_export_##number SEC(".rodata") = 0

#ifndef __VMLINUX_H__
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* The registers of the machine, as the context of kprobes and uprobes and as bpf_task_pt_regs() finds them. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, flags, sp;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	u64 regs[31], sp, pc, pstate;
};

struct pt_regs {
	union {
		struct user_pt_regs user_regs;
		struct {
			u64 regs[31], sp, pc, pstate;
		};
	};
	u64 orig_x0;
};
#endif

struct qstr {
	union {
		struct {
			u32 hash;
			u32 len;
		};
	};
	const unsigned char *name;
};

struct inode;
struct super_block;

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct path {
	struct dentry *dentry;
};

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
};

struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
	s64 i_size;
	struct super_block *i_sb;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
	struct file *exe_file;
};

struct linux_binprm {
	struct mm_struct *mm;
	struct file *file;
	int argc, envc;
	const char *filename;
};

typedef struct {
	u32 val;
} kuid_t;

struct cred {
	kuid_t uid, euid;
};

struct kernfs_node {
	u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup_root;

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

/* Which number the memory controller has is read from the running kernel. */
enum cgroup_subsys_id {
	memory_cgrp_id,
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

struct signal_struct {
	int group_exit_code;
};

struct task_struct {
	u32 flags;
	int exit_code;
	int pid, tgid;
	struct task_struct *real_parent, *group_leader;
	u64 start_boottime;
	u64 self_exec_id;
	char comm[16];
	const struct cred *cred;
	struct mm_struct *mm;
	struct signal_struct *signal;
	struct css_set *cgroups;
};

struct trace_entry {
	unsigned short type;
	unsigned char flags;
	unsigned char preempt_count;
	int pid;
};

/* The context of a tracepoint/syscalls/sys_enter_* program. */
struct trace_event_raw_sys_enter {
	struct trace_entry ent;
	long id;
	unsigned long args[6];
};

/* The context of a tracepoint/syscalls/sys_exit_* program. */
struct trace_event_raw_sys_exit {
	struct trace_entry ent;
	long id;
	long ret;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id;
	u64 seq_num;
};

/* The context of an iter/task program; task is NULL at the end. */
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop
#endif

#endif
