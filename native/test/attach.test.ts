// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { symbolOffset } from '../src/elf.ts';
import { features } from '../src/kernel.ts';
import { runIterator } from '../src/object.ts';
import { PERF_EVENTS } from '../src/perf-events.ts';
import type { AttachSpec } from '../src/types.ts';
import { open, readU64, u32 } from './harness/objects.ts';
import { startTicker } from './harness/ticker.ts';

/** As in enum hook of hooks.bpf.c. */
const HOOKS = ['on_tracepoint', 'on_raw_tracepoint', 'on_tp_btf', 'on_uprobe', 'on_uretprobe', 'on_uprobe_multi', 'on_usdt', 'on_perf_event'];

async function setUp(program: string, multi = false) {
  const ticker = startTicker();
  const object = await open('hooks');
  for (const { name } of object.programs) object.setProgramAutoload(name, name === program);
  if (multi) object.setUprobeMulti(program);
  object.setGlobal('parent', 0, u32(ticker.pid));
  await object.load();
  return { ticker, object, runs: () => readU64(object, 'runs', HOOKS.indexOf(program)) };
}

const execHooks: [string, AttachSpec][] = [
  ['on_tracepoint', { kind: 'auto' }],
  ['on_tracepoint', { kind: 'tracepoint', category: 'sched', name: 'sched_process_exec' }],
  ['on_raw_tracepoint', { kind: 'auto' }],
  ['on_raw_tracepoint', { kind: 'raw_tracepoint', name: 'sched_process_exec' }],
  ['on_tp_btf', { kind: 'auto' }],
];

test.each(execHooks)('%s attached as %o counts each exec, and none after it was detached', async (program, spec) => {
  const { ticker, object, runs } = await setUp(program);
  const link = await object.attach(program, spec);
  expect(link.kind).toBe(spec.kind);
  await ticker.exec(7);
  await link.detach();
  await link.detach();
  await ticker.exec(2);
  expect(runs()).toBe(7);
});

test('a uprobe by symbol counts each call', async () => {
  const { ticker, object, runs } = await setUp('on_uprobe');
  await object.attach('on_uprobe', { kind: 'uprobe', binary: ticker.path, symbol: 'tick' });
  await ticker.tick(1009);
  expect(runs()).toBe(1009);
});

test('a uprobe by offset counts the calls of one process only', async () => {
  const { ticker, object, runs } = await setUp('on_uprobe');
  const other = startTicker();
  const offset = await symbolOffset(ticker.path, 'tick');
  await object.attach('on_uprobe', { kind: 'uprobe', binary: ticker.path, offset, pid: other.pid });
  await Promise.all([ticker.tick(100), other.tick(31)]);
  expect(runs()).toBe(31);
});

test('a uretprobe counts each return', async () => {
  const { ticker, object, runs } = await setUp('on_uretprobe');
  await object.attach('on_uretprobe', { kind: 'uprobe', binary: ticker.path, symbol: 'tock', retprobe: true });
  await ticker.tick(503);
  expect(runs()).toBe(503);
});

test('one uprobe_multi link counts the calls of several functions, each with its cookie', async (context) => {
  context.skip(!(await features()).uprobeMulti, 'this kernel has no uprobe_multi');
  const { ticker, object, runs } = await setUp('on_uprobe_multi', true);
  const offsets = await Promise.all(['tick', 'tock'].map((name) => symbolOffset(ticker.path, name)));
  const link = await object.attach('on_uprobe_multi', {
    kind: 'uprobe_multi',
    binary: ticker.path,
    offsets,
    cookies: [1, 1000],
    pid: ticker.pid,
  });
  await ticker.tick(10);
  await link.detach();
  await ticker.tick(10);
  expect(runs()).toBe(20);
  expect(readU64(object, 'cookies')).toBe(10 * 1001);
});

test('a USDT probe counts each passing', async () => {
  const { ticker, object, runs } = await setUp('on_usdt');
  await object.attach('on_usdt', { kind: 'usdt', binary: ticker.path, provider: 'sonde', name: 'tick', pid: ticker.pid });
  await ticker.tick(211);
  expect(runs()).toBe(211);
});

test('a perf event samples every CPU, in one link', async () => {
  const { ticker, object, runs } = await setUp('on_perf_event');
  const { type, config } = PERF_EVENTS.software;
  const link = await object.attach('on_perf_event', { kind: 'perf_event', type, config: config['cpu-clock'], frequency: 1000 });
  await ticker.spin(300);
  await link.detach();
  const sampled = runs();
  expect(sampled).toBeGreaterThan(50);
  await ticker.spin(50);
  expect(runs()).toBe(sampled);
});

test('an iterator lists every process', async () => {
  const { ticker, object } = await setUp('list_tasks');
  const bytes = await runIterator(object, 'list_tasks');
  const pids = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  expect([...pids]).toEqual(expect.arrayContaining([process.pid, process.ppid, ticker.pid]));
});

test('kprobes attach where the kernel has them', async () => {
  const { object } = await setUp('on_kprobe');
  const attached = object.attach('on_kprobe', { kind: 'kprobe', function: 'vfs_read' });
  if ((await features()).kprobe) await attached;
  else await expect(attached).rejects.toMatchObject({ code: 'ATTACH', errnoName: 'ENOENT' });
});

test('fentry attaches where the kernel lets it, and a policy’s refusal is not taken for a lack of privileges', async () => {
  const object = await open('hooks');
  for (const { name } of object.programs) object.setProgramAutoload(name, name === 'on_fentry');
  const attached = object.load().then(() => object.attach('on_fentry', { kind: 'auto' }));
  if ((await features()).fentry) await attached;
  else await expect(attached).rejects.toMatchObject({ code: expect.stringMatching(/^(LOAD|ATTACH)$/) });
});

test('a hook that is not there is an error of attaching', async () => {
  const { ticker, object } = await setUp('on_tracepoint');
  const attached = object.attach('on_tracepoint', { kind: 'tracepoint', category: 'sched', name: 'nothing' });
  await expect(attached).rejects.toMatchObject({ code: 'ATTACH', errnoName: 'ENOENT' });
  const uprobe = object.attach('on_uprobe', { kind: 'uprobe', binary: ticker.path, symbol: 'nothing' });
  await expect(uprobe).rejects.toMatchObject({ code: 'STATE' });
  await expect(object.attach('nothing', { kind: 'auto' })).rejects.toMatchObject({ code: 'UNKNOWN_PROGRAM' });
});

test('a symbol that the binary lacks is named', async () => {
  const { ticker, object } = await setUp('on_uprobe');
  const attached = object.attach('on_uprobe', { kind: 'uprobe', binary: ticker.path, symbol: 'nothing' });
  await expect(attached).rejects.toMatchObject({ code: 'UNKNOWN_SYMBOL', message: expect.stringContaining('nothing') });
});
