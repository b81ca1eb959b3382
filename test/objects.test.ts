// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { startHost } from './harness/host.ts';
import type { RestProbe } from './harness/host.ts';
import { makePackage } from './harness/make-package.ts';

const manifest = (programs: string): string => `
apiVersion: sonde/v1
name: choosy
description: Offers two objects
object: [dist/modern.bpf.o, dist/plain.bpf.o]
collectors:
  calls:
    programs: ${programs}
entities:
  choosy.call:
    source: { map: calls }
    metrics:
      choosy.calls: { type: counter, unit: '{call}', value: count, help: Calls }
`;

/** A program at each of the hooks given. */
const source = (...hooks: [program: string, hook: string][]): string => `// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <sonde/probe.h>
struct calls { u64 count; };
SONDE_HASH(calls, struct sonde_process, struct calls, 64); // 64 x 72 B = 5 KB
static __always_inline int count(void)
{
	struct sonde_process process;
	struct calls *entry;

	sonde_process_current(&process);
	entry = sonde_slot(calls, &process);
	if (entry)
		sonde_add(&entry->count, 1);
	return 0;
}
${hooks.map(([program, hook]) => `SEC("${hook}") int ${program}(void *context) { return count(); }`).join('\n')}
char LICENSE[] SEC("license") = "Dual BSD/GPL";
`;

async function programsOf(programs: string, modern: string, plain: string): Promise<RestProbe['programs']> {
  using made = await makePackage('choosy', manifest(programs));
  made.write('bpf/modern.bpf.c', modern);
  made.write('bpf/plain.bpf.c', plain);
  await made.build();
  await using host = await startHost({ probes: { choosy: { package: made.path } } });
  const { state, programs: found } = await host.probe('choosy');
  expect(state).toBe('running');
  return found;
}

const attached = (programs: RestProbe['programs']): unknown[] => programs.map(({ task, attach, state }) => [task, attach, state]);

const there: [string, string] = ['on_exec', 'raw_tp/sched_process_exec'];
const absent: [string, string] = ['on_future', 'raw_tp/not_invented_yet'];

test('the first object is used where this kernel takes a program of it for each task', async () => {
  const programs = await programsOf('{ exec: { program: on_exec }, exit: { program: on_exit } }', source(there, ['on_exit', 'raw_tp/sched_process_exit']), source(there));
  expect(attached(programs)).toEqual([
    ['exec', 'raw_tp/sched_process_exec', 'attached'],
    ['exit', 'raw_tp/sched_process_exit', 'attached'],
  ]);
});

test('else the one that lacks fewer, with what it alone does', async () => {
  const tasks = '{ exec: { program: on_exec }, call: { any: [{ program: on_future }, { program: on_fork }] }, own: { program: on_exit } }';
  const plain = source(there, ['on_fork', 'raw_tp/sched_process_fork'], ['on_exit', 'raw_tp/sched_process_exit']);
  const programs = await programsOf(tasks, source(there, absent), plain);
  expect(attached(programs)).toEqual([
    ['exec', 'raw_tp/sched_process_exec', 'attached'],
    ['call', 'raw_tp/sched_process_fork', 'attached'],
    ['own', 'raw_tp/sched_process_exit', 'attached'],
  ]);
});

test('of equals the first, and what it lacks is told', async () => {
  const programs = await programsOf('{ exec: { program: on_exec }, call: { program: on_future } }', source(there, absent), source(there, absent));
  expect(attached(programs)).toEqual([
    ['exec', 'raw_tp/sched_process_exec', 'attached'],
    ['call', undefined, 'missing'],
  ]);
});
