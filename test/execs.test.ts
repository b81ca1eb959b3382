// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { samplePackage } from './harness/paths.ts';
import { waitFor } from './harness/wait.ts';
import { compile } from './harness/workload.ts';

const execs = samplePackage('execs');

let host: Host;
beforeAll(async () => {
  host = await startHost({ allow: [execs], probes: { execs: { package: execs, params: { reportExecs: true } } } });
});
afterAll(() => host[Symbol.asyncDispose]());

test('a decoder counts execs to the unit, by program and by executable', async () => {
  const before = (await host.scrape()).sum('exec_calls_total', { exec_program_name: 'true' });
  await run(join(execs, 'workload/execs.sh'), ['25']);
  const scrape = await host.scrapeUntil('25 execs', (seen) => seen.sum('exec_calls_total', { exec_program_name: 'true' }) >= before + 25);
  expect(scrape.sum('exec_calls_total', { exec_program_name: 'true', process_executable_name: 'true' })).toBe(before + 25);
});

test('its histogram has the number of arguments', async () => {
  const four = async () => {
    const { buckets } = (await host.scrape()).histogram('exec_arguments');
    return (buckets.get('4') ?? buckets.get('4.0') ?? 0) - (buckets.get('2') ?? buckets.get('2.0') ?? 0);
  };
  const before = await four();
  await run(join(execs, 'workload/execs.sh'), ['10']);
  await waitFor('10 observations of 4', async () => (await four()) >= before + 10, { every: 200 });
  expect(await four()).toBeGreaterThanOrEqual(before + 10);
});

test('an event of a decoder has the command line, who it was, and a time', async () => {
  const began = Date.now();
  await run('/bin/true', ['a known', 'command line']);
  const mine = await waitFor('the event', () => host.events().find((event) => JSON.stringify(event).includes('a known command line')));
  const text = JSON.stringify(mine);
  expect(text).toContain('proc.exec');
  expect(text).toContain('"process.executable.name":"true"');
  expect(text).toContain('process.pid');
  const time = Date.parse(String((mine as { time?: unknown; timestamp?: unknown }).time ?? (mine as { timestamp?: unknown }).timestamp));
  expect(Math.abs(time - began)).toBeLessThan(5000);
});

test('under a burst of records into a ring that is too small, each is delivered or counted', async () => {
  const flood = await compile('packages/execs/workload/flood.c');
  const change = { collectors: { flood: true, execs: false }, params: { ringSize: '64KiB' } };
  expect(await host.rest.put('/v1/probes/execs', change)).toMatchObject({ status: 200, body: { state: 'running' } });
  const lostBefore = (await host.scrape()).sum('sonde_loss_total', { probe: 'execs' });
  const produced = 1_000_000;
  const { seconds } = JSON.parse(await run(flood.path, [String(produced)])) as { seconds: number };

  const lost = (seen: Awaited<ReturnType<typeof host.scrape>>) => seen.sum('sonde_loss_total', { probe: 'execs' }) - lostBefore;
  const scrape = await host.scrapeUntil('all accounted for', (seen) => seen.sum('exec_flood_records_total', flood.label) + lost(seen) >= produced, 20_000);
  const delivered = scrape.sum('exec_flood_records_total', flood.label);
  console.log(`${Math.round(produced / seconds)} records/s: ${delivered} delivered, ${lost(scrape)} counted as lost`);
  expect(produced / seconds).toBeGreaterThan(150_000);
  expect(delivered + lost(scrape)).toBe(produced);
  expect(lost(scrape)).toBeGreaterThan(0);
});

test('a decoder of a package that is not allowed is refused, with the line to add', async () => {
  await using strict = await startHost({ probes: { execs: { package: execs } } });
  const { state, error } = await strict.probe('execs');
  expect(state).toBe('failed');
  expect(error?.hint).toMatch(/allow/);
});
