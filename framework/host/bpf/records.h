/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the host's own object says of processes and cgroups. The host reads the layouts from BTF. */
#ifndef HOST_RECORDS_H
#define HOST_RECORDS_H

#include <sonde/types.h>
#include <sonde/process.h>
#include <sonde/ring.h>

#include "executable.h"

#define COMMAND_SIZE 256
#define EXEC_SIZE 2048
#define CGROUP_PATH_SIZE 1024

enum host_record {
	HOST_FORK = 1,
	HOST_EXEC,
	HOST_EXIT,
	HOST_CGROUP_MOVE,
	HOST_CGROUP_MAKE,
	HOST_CGROUP_REMOVE,
};
SONDE_EXPORT(enum host_record);

enum host_process_flag {
	HOST_KERNEL_THREAD = 1,
	HOST_PATH_CUT = 2,
	HOST_COMMAND_CUT = 4,
};
SONDE_EXPORT(enum host_process_flag);

/* What every process has. */
struct host_facts {
	u32 parent_tgid;
	u32 namespace_tgid;
	u32 uid; /* effective, in the initial user namespace */
	u32 flags;
	sonde_cgroup_t cgroup;
	sonde_comm_t comm;
};

/* A process was born; its executable and command line are those of `parent`, which called fork. */
struct host_fork {
	struct sonde_event event;
	struct sonde_process process;
	struct host_facts facts;
	struct sonde_process parent;
};
SONDE_EXPORT(struct host_fork);

/*
 * A process became another by exec, or was found by the walk. `text` holds the names of executable_names()
 * and then the command line, its arguments each with a NUL; only what is used of it is sent.
 */
struct host_exec {
	struct sonde_event event;
	struct sonde_process process;
	struct host_facts facts;
	u32 path_size;
	u32 command_size;
	char text[EXEC_SIZE - 80]; /* more than the 1280 B that are ever used: see bounded() */
};
_Static_assert(sizeof(struct host_exec) == EXEC_SIZE, "text begins elsewhere");
SONDE_EXPORT(struct host_exec);

/* The last thread of a process ended. */
struct host_exit {
	struct sonde_event event;
	struct sonde_process process;
};
SONDE_EXPORT(struct host_exit);

/* A living process was put into another cgroup. */
struct host_cgroup_move {
	struct sonde_event event;
	struct sonde_process process;
	sonde_cgroup_t cgroup;
};
SONDE_EXPORT(struct host_cgroup_move);

/* A cgroup was made or removed; `path` counts from the root of its hierarchy. */
struct host_cgroup {
	struct sonde_event event;
	sonde_cgroup_t cgroup;
	char path[CGROUP_PATH_SIZE];
};
SONDE_EXPORT(struct host_cgroup);

#endif
