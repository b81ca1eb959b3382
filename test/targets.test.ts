// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child, run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { compile } from './harness/workload.ts';

const values = { package: fixturePackage('values') };

test('a rule by executable holds for processes that begin later, and for no other', async () => {
  const wanted = await compile('workloads/values.c', { name: 'values-wanted' });
  const other = await compile('workloads/values.c', { name: 'values-other' });
  await using host = await startHost({ probes: { values: { ...values, targets: { include: [{ executable: [wanted.name] }] } } } });
  await run(other.path, ['100', '1']);
  await using child = new Child(wanted.path, ['until', '1'], { env: { PAUSE_US: '1000' } });
  const { label } = wanted;
  const scrape = await host.scrapeUntil('calls of the wanted', (seen) => seen.sum('values_calls_total', label) > 100);
  expect(scrape.sum('values_calls_total')).toBe(scrape.sum('values_calls_total', label));

  const { programs } = await host.probe('values');
  await host.rest.put('/v1/probes/values', { targets: { include: [], exclude: [{ executable: [wanted.name] }] } });
  await sleep(1500);
  const then = (await host.scrape()).sum('values_calls_total', label);
  await sleep(1500);
  expect((await host.scrape()).sum('values_calls_total', label), 'excluded from now on').toBe(then);
  await run(other.path, ['100', '1']);
  await host.scrapeUntil('the other now counts', (seen) => seen.sum('values_calls_total', other.label) === 100);
  expect((await host.probe('values')).programs.map(({ id }) => id), 'no program was replaced').toEqual(programs.map(({ id }) => id));
  await child.stop();
});

test('a rule by pid selects one of two processes of the same program', async () => {
  const { path } = await compile('workloads/values.c', { name: 'values-twins' });
  await using one = new Child(path, ['until', '1'], { env: { PAUSE_US: '1000' } });
  await using two = new Child(path, ['until', '1'], { env: { PAUSE_US: '1000' } });
  await using host = await startHost({
    labels: ['process.pid'],
    probes: { values: { ...values, targets: { include: [{ pid: [two.pid] }] } } },
  });
  const scrape = await host.scrapeUntil('calls', (seen) => seen.sum('values_calls_total', { process_pid: String(two.pid) }) > 100);
  expect(scrape.sum('values_calls_total', { process_pid: String(one.pid) })).toBe(0);
});
