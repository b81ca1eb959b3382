// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child, run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { compile } from './harness/workload.ts';

test('twenty live changes under load: not one call is lost or counted twice', async () => {
  const values = await compile('workloads/values.c', { name: 'values-live' });
  await using host = await startHost({ probes: { values: { package: fixturePackage('values') } } });
  await using workload = new Child(values.path, ['until', '5'], { env: { PAUSE_US: '100' } });
  const before = await host.probe('values');

  for (let change = 0; change < 20; change++) {
    const records = change % 2 === 0;
    const excluded = change % 3 === 0 ? [{ pid: [process.pid] }] : [];
    const answer = await host.rest.put('/v1/probes/values', {
      params: { reportFrom: change },
      collectors: { records, keyed: !records },
      targets: { include: [], exclude: excluded },
    });
    expect(answer).toMatchObject({ status: 200, body: { state: 'running' } });
    await sleep(50);
  }
  await workload.stop();
  const made = Number(workload.stdout);
  expect(made).toBeGreaterThan(1000);

  const { label } = values;
  const scrape = await host.scrapeUntil('all calls', (seen) => seen.sum('values_calls_total', label) >= made);
  expect(scrape.value('values_calls_total', label)).toBe(made);
  expect(scrape.value('values_sum_total', label)).toBe(5 * made);
  const count = (programs: typeof before.programs) => programs.find(({ collector }) => collector === 'calls')?.id;
  const after = await host.probe('values');
  expect(count(after.programs), 'the counting program was never replaced').toBe(count(before.programs));
});

test('a collector that is switched off has first told all that it counted', async () => {
  const values = await compile('workloads/values.c', { name: 'values-off' });
  await using host = await startHost({ probes: { values: { package: fixturePackage('values'), collectors: { keyed: true } } } });
  for (const [round, off] of [{ calls: false }, { keyed: false }].entries()) {
    await host.rest.put('/v1/probes/values', { collectors: { calls: true, keyed: true } });
    await run(values.path, ['100', '5']);
    await host.rest.put('/v1/probes/values', { collectors: off });
    await sleep(1100); // a scrape shares what is younger than a second
    const scrape = await host.scrape();
    expect(scrape.sum(round === 0 ? 'values_calls_total' : 'values_keyed_calls_total', values.label)).toBe(100 * (round + 1));
  }
});
