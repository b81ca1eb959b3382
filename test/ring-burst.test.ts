// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { compile } from './harness/workload.ts';

test('of a burst into a ring that is too small, each record is delivered or counted as lost', async () => {
  const values = await compile('workloads/values.c', { name: 'values-burst' });
  await using host = await startHost({
    probes: { values: { package: fixturePackage('values'), collectors: { calls: false, records: true } } },
  });
  const produced = 600_000;
  const began = performance.now();
  await run(values.path, [String(produced), '1000']);
  const rate = produced / ((performance.now() - began) / 1000);

  const ringFull = { probe: 'values', cause: 'ring_full' };
  const scrape = await host.scrapeUntil('all records accounted for', (seen) => {
    return seen.sum('values_records_total') + seen.sum('sonde_loss_total', ringFull) >= produced;
  });
  const delivered = scrape.sum('values_records_total');
  const lost = scrape.sum('sonde_loss_total', ringFull);
  console.log(`${Math.round(rate)} records/s: ${delivered} delivered, ${lost} counted as lost`);
  expect(rate).toBeGreaterThan(150_000);
  expect(lost).toBeGreaterThan(0);
  expect(delivered + lost).toBe(produced);
  expect(scrape.sum('sonde_loss_total', { probe: 'values' })).toBe(lost);
  expect(scrape.histogram('values_recorded_duration_seconds').count).toBe(delivered);
});
