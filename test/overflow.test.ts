// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { compile } from './harness/workload.ts';

const overflowing = { otel_metric_overflow: 'true' };

test('what finds no room in a map goes to the overflow series, and the sum stays exact', async () => {
  const values = await compile('workloads/values.c', { name: 'values-full' });
  await using host = await startHost({
    probes: { values: { package: fixturePackage('values'), collectors: { keyed: true }, params: { maxKeys: 100 } } },
  });
  await run(values.path, ['1000', 'n', '1000', 'n']);
  const scrape = await host.scrapeUntil('all calls', (seen) => seen.sum('values_keyed_calls_total') >= 2000);
  expect(scrape.sum('values_keyed_calls_total')).toBe(2000);
  expect(scrape.sum('values_keyed_calls_total', values.label)).toBe(200);
  expect(scrape.value('values_keyed_calls_total', overflowing)).toBe(1800);
  expect(scrape.sum('sonde_overflow_total', { probe: 'values' })).toBe(1800);
  expect(scrape.sum('sonde_loss_total', { probe: 'values' })).toBe(0);
});

test('a probe beyond its series budget keeps its sum exact', async () => {
  const values = await compile('workloads/values.c', { name: 'values-many' });
  await using host = await startHost({
    series: { budget: 50 },
    probes: { values: { package: fixturePackage('values'), collectors: { keyed: true } } },
  });
  await run(values.path, ['500', 'n']);
  const scrape = await host.scrapeUntil('all calls', (seen) => seen.sum('values_keyed_calls_total') >= 500);
  expect(scrape.sum('values_keyed_calls_total')).toBe(500);
  expect(scrape.value('values_keyed_calls_total', overflowing)).toBeGreaterThan(0);
  expect(scrape.select('values_keyed_calls_total').length).toBeLessThanOrEqual(51);
  expect(scrape.sum('sonde_overflow_total', { probe: 'values' })).toBeGreaterThan(0);
});
