// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { Child, run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { compile, runAtPid } from './harness/workload.ts';

const byProcess = {
  probes: { values: { package: fixturePackage('values') } },
  labels: ['process.pid', 'process.creation.time', 'process.executable.name'],
};

test('a pid that is used again is another process, with a series of its own', async () => {
  const values = await compile('workloads/values.c', { name: 'values-pid' });
  await using host = await startHost(byProcess);
  const former = new Child('/bin/true', []);
  await former.exited;
  await runAtPid(former.pid, values.path, ['11', '1']);
  await runAtPid(former.pid, values.path, ['13', '1']);

  const label = { process_pid: String(former.pid) };
  const scrape = await host.scrapeUntil('both processes', (seen) => seen.sum('values_calls_total', label) >= 24);
  const series = scrape.select('values_calls_total', label);
  expect(series.map(({ value }) => value).toSorted((a, b) => a - b)).toEqual([11, 13]);
  expect(new Set(series.map(({ labels }) => labels.process_creation_time)).size).toBe(2);
});

test('an exec ends one program and begins another in the same process', async () => {
  const first = await compile('workloads/values.c', { name: 'values-first' });
  const second = await compile('workloads/values.c', { name: 'values-second' });
  await using host = await startHost(byProcess);
  await run(first.path, ['17', '1', 'exec', second.path, '19', '1']);

  const scrape = await host.scrapeUntil('both programs', (seen) => seen.sum('values_calls_total', second.label) >= 19);
  const [before, after] = [first, second].map(({ label }) => scrape.select('values_calls_total', label));
  expect(before?.map(({ value }) => value)).toEqual([17]);
  expect(after?.map(({ value }) => value)).toEqual([19]);
  expect(after?.[0]?.labels.process_pid).toBe(before?.[0]?.labels.process_pid);
});

test('a process older than the host has its name, and a fork without exec that of its parent', async () => {
  const values = await compile('workloads/values.c', { name: 'values-older' });
  await using workload = new Child(values.path, ['until', '1'], { env: { PAUSE_US: '1000' } });
  await using host = await startHost(byProcess);
  const label = { process_pid: String(workload.pid) };
  const scrape = await host.scrapeUntil('its calls', (seen) => seen.sum('values_calls_total', label) > 0);
  expect(scrape.select('values_calls_total', label)).toMatchObject([{ labels: values.label }]);
});
