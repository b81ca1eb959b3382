// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { added, bpfHeldBy, stillThere } from './harness/bpf.ts';
import { Child } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { waitFor } from './harness/wait.ts';
import { compile } from './harness/workload.ts';

const config = { probes: { values: { package: fixturePackage('values'), collectors: { keyed: true, records: true } } } };

test.each([
  ['SIGTERM', 0],
  ['SIGINT', 0],
  ['SIGKILL', 'SIGKILL'],
] as const)('after %s no program, map or link is left', async (signal, exit) => {
  const values = await compile('workloads/values.c');
  await using host = await startHost(config);
  await using _load = new Child(values.path, ['until', '1'], { env: { PAUSE_US: '100' } });
  const held = await bpfHeldBy(host.pid);
  const pinned = readdirSync('/sys/fs/bpf', { recursive: true });
  expect(held.programs.size).toBeGreaterThanOrEqual(3);
  expect(held.links.size).toBeGreaterThanOrEqual(3);

  expect(await host.stop(signal)).toBe(exit);
  await waitFor('all of it is gone', async () => (await stillThere(held)).length === 0);
  expect(readdirSync('/sys/fs/bpf', { recursive: true })).toEqual(pinned);
  expect(existsSync(host.folder.socket)).toBe(signal === 'SIGKILL');
});

test('a probe that is stopped leaves no program, map, link or thread in the host', async () => {
  await using host = await startHost({ probes: { values: { ...config.probes.values, enabled: false } } });
  const before = await bpfHeldBy(host.pid);
  const threads = await host.threads();
  for (let round = 0; round < 3; round++) {
    expect(await host.rest.post('/v1/probes/values/start')).toMatchObject({ status: 200, body: { state: 'running' } });
    expect(added(before, await bpfHeldBy(host.pid)).length).toBeGreaterThan(5);
    expect(await host.rest.post('/v1/probes/values/stop')).toMatchObject({ status: 200, body: { state: 'stopped' } });
  }
  await waitFor('the kernel has let go', async () => added(before, await bpfHeldBy(host.pid)).length === 0);
  expect(await host.threads()).toBeLessThanOrEqual(threads);
});

test('a host that was killed is followed by one that starts in its place', async () => {
  await using host = await startHost(config);
  await host.stop('SIGKILL');
  await host.restart();
  expect(await host.probe('values')).toMatchObject({ state: 'running' });
});
