// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Child, run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { compile } from './harness/workload.ts';

let host: Host;
beforeAll(async () => {
  host = await startHost({ probes: { values: { package: fixturePackage('values') } } });
});
afterAll(() => host[Symbol.asyncDispose]());

test('calls of a process that has ended are counted to the unit', async () => {
  const values = await compile('workloads/values.c', { name: 'values-ended' });
  await run(values.path, ['1009', '7']);
  const scrape = await host.scrapeUntil('1009 calls', (seen) => seen.sum('values_calls_total', values.label) >= 1009);
  expect(scrape.value('values_calls_total', values.label)).toBe(1009);
  expect(scrape.value('values_sum_total', values.label)).toBe(1009 * 7);
  expect(scrape.histogram('values_duration_seconds', values.label)).toMatchObject({ count: 1009 });
});

test('a gauge is there for as long as its process', async () => {
  const values = await compile('workloads/values.c', { name: 'values-gauge' });
  await using workload = new Child(values.path, ['1', '9', 'until', '7'], { env: { PAUSE_US: '1000' } });
  await host.scrapeUntil('the last value', (seen) => seen.value('values_last', values.label) === 7);
  await workload.stop();
  await host.scrapeUntil('its end', (seen) => seen.value('values_last', values.label) === undefined);
});

test('500 processes of a few milliseconds add up to one series of their executable', async () => {
  const values = await compile('workloads/values.c', { name: 'values-short' });
  const storm = await compile('workloads/fork-storm.c');
  await run(storm.path, ['500', values.path, '23', '3']);
  const expected = 500 * 23;
  const scrape = await host.scrapeUntil('all calls', (seen) => seen.sum('values_calls_total', values.label) >= expected);
  expect(scrape.value('values_calls_total', values.label)).toBe(expected);
});

test('a counter by executable goes on where it was when the program is run again', async () => {
  const values = await compile('workloads/values.c', { name: 'values-again' });
  for (const total of [100, 200, 300]) {
    await run(values.path, ['100', '1']);
    const scrape = await host.scrapeUntil(`${total} calls`, (seen) => seen.sum('values_calls_total', values.label) >= total);
    expect(scrape.value('values_calls_total', values.label)).toBe(total);
  }
});

test('nothing of that was lost', async () => {
  const scrape = await host.scrape();
  expect(scrape.select('sonde_loss_total', { probe: 'values' }).length).toBeGreaterThan(0);
  expect(scrape.sum('sonde_loss_total', { probe: 'values' })).toBe(0);
  expect(scrape.sum('sonde_overflow_total', { probe: 'values' })).toBe(0);
});
