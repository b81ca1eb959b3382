// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { findHooks } from '../src/hooks.ts';
import { clockOffset, enableStats, features, kallsyms, kernelEnum, possibleCpus } from '../src/kernel.ts';
import { load, u32 } from './harness/objects.ts';
import { startTicker } from './harness/ticker.ts';

test('features agree with what this kernel shows of itself', async () => {
  const found = await features();
  expect(found.btf).toBe(existsSync('/sys/kernel/btf/vmlinux'));
  expect(found.uprobe).toBe(existsSync('/sys/bus/event_source/devices/uprobe'));
  expect(found.kprobe).toBe(existsSync('/sys/bus/event_source/devices/kprobe'));
  expect(found).toMatchObject({ batchOps: true, ringbuf: true });
  expect(found.mapTypes).toMatchObject({ hash: true, percpu_hash: true, ringbuf: true });
  expect(found.programTypes).toMatchObject({ tracepoint: true, kprobe: true, tracing: true });
  expect(await features()).toBe(found);
});

test('hooks are found, or the reason why not', async () => {
  const sections = [
    'tp_btf/sched_process_exec', 'tp_btf/nothing', 'raw_tp/sched_switch', 'tracepoint/sched/sched_switch',
    'tp/sched/nothing', 'iter/task', 'iter/nothing', 'fentry/nothing', 'usdt/x:y:z',
  ];
  const status = await findHooks(sections);
  expect(status.map((each) => each.available)).toEqual([true, false, true, true, false, true, false, false, undefined]);
  expect(status[1]?.reason).toContain('btf_trace_nothing');
});

test('fentry and kprobe hooks follow the features', async () => {
  const [fentry, kprobe, neither] = await findHooks(['fentry/vfs_read', 'kprobe/vfs_read', 'kprobe/nothing_at_all']);
  const found = await features();
  expect(fentry?.available).toBe(found.fentry);
  expect(kprobe?.available).toBe(found.kprobe);
  expect(neither?.available).toBe(false);
});

test('run statistics count while they are on', async () => {
  const ticker = startTicker();
  const object = await load('hooks', ['on_tracepoint']);
  await object.attach('on_tracepoint', { kind: 'auto' });
  const statistics = enableStats();
  await ticker.exec(5);
  statistics.close();
  const [program] = object.programStats();
  expect(program?.runCount).toBeGreaterThanOrEqual(5);
  expect(program?.runTimeNs).toBeGreaterThan(0);
  expect(program?.verifiedInsns).toBeGreaterThan(0);
});

test('kernel functions are found by address and by name', async () => {
  const table = await kallsyms();
  const address = table.address('vfs_read')!;
  expect(table.size).toBeGreaterThan(10_000);
  expect(table.lookup(address)).toEqual({ name: 'vfs_read', offset: 0 });
  expect(table.lookup(address + 3n)).toEqual({ name: 'vfs_read', offset: 3 });
  expect(table.lookup(0n)).toBeUndefined();
  expect(table.address('no such function')).toBeUndefined();
});

test('clock offsets lead to the wall clock', () => {
  const { monotonic, boottime } = clockOffset();
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  expect(Math.abs(boottime / 1e6 + uptime * 1000 - Date.now())).toBeLessThan(100);
  expect(Math.abs(monotonic / 1e6 + Number(process.hrtime.bigint()) / 1e6 - Date.now())).toBeLessThan(100);
});

test('a per-CPU value has one lane for each possible CPU', async () => {
  const object = await load('maps');
  expect(object.map('percpu_array').lookup(u32(0))).toHaveLength(8 * possibleCpus());
});

test('an enum of the kernel names its numbers; one that is not there has none', async () => {
  expect((await kernelEnum('bpf_map_type')).get(1)).toBe('BPF_MAP_TYPE_HASH');
  expect((await kernelEnum('no_such_enum')).size).toBe(0);
});
