// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { Child, run } from './child.ts';
import { bpfHeldBy, bpfSnapshot } from './bpf.ts';
import { compile, runAtPid } from './workload.ts';

test('a program runs under the pid that was asked for, and again under the same one', async () => {
  const ended = new Child('/bin/true', []);
  await ended.exited;
  const shell = ['-c', 'echo $$'];
  expect(await runAtPid(ended.pid, '/bin/sh', shell)).toBe(`${ended.pid}\n`);
  expect(await runAtPid(ended.pid, '/bin/sh', shell)).toBe(`${ended.pid}\n`);
});

test('a fork storm runs the program as often as it was told', async () => {
  const storm = await compile('workloads/fork-storm.c');
  expect(await run(storm.path, ['100', '/bin/echo', 'x'])).toBe('x\n'.repeat(100));
  await expect(run(storm.path, ['1', '/nowhere'])).rejects.toThrow('fork-storm');
});

test('this process holds nothing of BPF, and the machine can be asked', async () => {
  const held = await bpfHeldBy(process.pid);
  expect([held.programs.size, held.maps.size, held.links.size]).toEqual([0, 0, 0]);
  expect((await bpfSnapshot()).programs).toBeInstanceOf(Set);
});
