// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { compile } from './harness/workload.ts';

let host: Host;
beforeAll(async () => {
  host = await startHost({ probes: { values: { package: fixturePackage('values') } } });
});
afterAll(() => host[Symbol.asyncDispose]());

/** Counted calls of an executable; it may take a second until a snapshot is young enough. */
const calls = (executable: string) => ({ process_executable_name: executable });

test('calls of a process that has ended are counted to the unit', async () => {
  const values = await compile('workloads/values.c', { name: 'values-ended' });
  await run(values, ['1009', '7']);
  const scrape = await host.scrapeUntil('1009 calls', (seen) => seen.sum('values_calls_total', calls('values-ended')) >= 1009);
  expect(scrape.value('values_calls_total', calls('values-ended'))).toBe(1009);
  expect(scrape.value('values_sum_total', calls('values-ended'))).toBe(1009 * 7);
  expect(scrape.value('values_last', calls('values-ended'))).toBe(7);
  expect(scrape.histogram('values_duration_seconds', calls('values-ended'))).toMatchObject({ count: 1009 });
});

test('500 processes of a few milliseconds add up to one series of their executable', async () => {
  const values = await compile('workloads/values.c', { name: 'values-short' });
  const storm = await compile('workloads/fork-storm.c');
  await run(storm, ['500', values, '23', '3']);
  const expected = 500 * 23;
  const scrape = await host.scrapeUntil('all calls', (seen) => seen.sum('values_calls_total', calls('values-short')) >= expected);
  expect(scrape.value('values_calls_total', calls('values-short'))).toBe(expected);
});

test('a counter by executable goes on where it was when the program is run again', async () => {
  const values = await compile('workloads/values.c', { name: 'values-again' });
  for (const total of [100, 200, 300]) {
    await run(values, ['100', '1']);
    const scrape = await host.scrapeUntil(`${total} calls`, (seen) => seen.sum('values_calls_total', calls('values-again')) >= total);
    expect(scrape.value('values_calls_total', calls('values-again'))).toBe(total);
  }
});

test('nothing of that was lost', async () => {
  const scrape = await host.scrape();
  expect(scrape.select('sonde_loss_total', { probe: 'values' }).length).toBeGreaterThan(0);
  expect(scrape.sum('sonde_loss_total', { probe: 'values' })).toBe(0);
  expect(scrape.sum('sonde_overflow_total', { probe: 'values' })).toBe(0);
});
