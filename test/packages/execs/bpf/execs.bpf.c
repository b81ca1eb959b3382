/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every exec with its command line, as records of variable length. And, for tests, a flood of records. */
#include <asm/unistd.h>
#include <sonde/probe.h>

#define COMMAND_LINE_MAX 1024

/* The param commandBytes. */
const volatile u32 command_bytes = 256;

enum record_kind { EXEC, FLOOD };

struct exec_record {
	struct sonde_event event;
	struct sonde_process process;
	u32 arguments;
	u32 command_length; /* bytes that follow the record: arguments, each ended by NUL, perhaps cut off */
};
SONDE_EXPORT(struct exec_record);

struct flood_record {
	struct sonde_event event;
	struct sonde_process process;
	u64 number;
	u64 padding[3]; /* to 64 B */
};
SONDE_EXPORT(struct flood_record);

struct exec_with_command {
	struct exec_record record;
	char command[COMMAND_LINE_MAX];
};

/* For `exec` alone. */
SONDE_SCRATCH(exec_scratch, struct exec_with_command);

/* The param ringSize. An exec takes 48 to 304 B: 256 KiB are more than 800 execs in 100 ms. */
SONDE_RING(records, 256 * 1024);

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec, struct task_struct *task, int old_pid, struct linux_binprm *program)
{
	struct exec_with_command *exec = sonde_scratch(exec_scratch);
	u64 start, length;

	if (!exec || !sonde_target_match())
		return 0;
	sonde_event_init(&exec->record.event, EXEC);
	sonde_process_current(&exec->record.process);
	exec->record.arguments = BPF_CORE_READ(program, argc);

	start = BPF_CORE_READ(task, mm, arg_start);
	length = BPF_CORE_READ(task, mm, arg_end) - start;
	if (length > command_bytes)
		length = command_bytes;
	asm volatile("" : "+r"(length));
	if (length > COMMAND_LINE_MAX)
		length = COMMAND_LINE_MAX;
	if (length && sonde_read_user(exec->command, length, (void *)start))
		length = 0;
	exec->record.command_length = length;
	sonde_output(&records, exec, sizeof(exec->record) + length);
	return 0;
}

/* What workload/flood.c asks getpriority() about: the kernel knows no such thing, so nobody else does. */
#define FLOOD_WHICH 0x50000000

static __always_inline int flood(u64 which, u64 number)
{
	struct flood_record *record;

	if (which != FLOOD_WHICH || !sonde_target_match())
		return 0;
	record = sonde_reserve(&records, struct flood_record);
	if (!record)
		return 0;
	sonde_event_init(&record->event, FLOOD);
	sonde_process_current(&record->process);
	record->number = number;
	__builtin_memset(record->padding, 0, sizeof(record->padding));
	sonde_submit(&records, record);
	return 0;
}

/* A syscall tracepoint costs every syscall of every process some 0.1 us: off unless asked for. */
SEC("tracepoint/syscalls/sys_enter_getpriority")
int flood_getpriority(struct trace_event_raw_sys_enter *call)
{
	return flood(call->args[0], call->args[1]);
}

/* Where tracefs is not mounted. */
SEC("tp_btf/sys_enter")
int BPF_PROG(flood_sys_enter, struct pt_regs *registers, long id)
{
	if (id != __NR_getpriority)
		return 0;
	return flood(PT_REGS_PARM1_CORE_SYSCALL(registers), PT_REGS_PARM2_CORE_SYSCALL(registers));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
