// SPDX-License-Identifier: Apache-2.0
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { parseExposition } from './harness/exposition.ts';
import type { Labels } from './harness/exposition.ts';
import { accept, startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { promtoolCheck, startPrometheus } from './harness/prometheus.ts';
import { compile } from './harness/workload.ts';
import { waitFor } from './harness/wait.ts';

let host: Host;
let label: Labels;
beforeAll(async () => {
  host = await startHost({
    probes: { values: { package: fixturePackage('values'), collectors: { keyed: true, records: true } } },
  });
  const values = await compile('workloads/values.c', { name: 'values-scraped' });
  label = values.label;
  await run(values.path, ['50', '1000000', '50', '5']);
  await host.scrapeUntil('all calls', (seen) => seen.sum('values_calls_total', label) >= 100);
});
afterAll(() => host[Symbol.asyncDispose]());

test('promtool accepts the scrape', async () => {
  const answer = await host.fetchMetrics({ accept: accept.text });
  expect(String(answer.headers['content-type'])).toMatch(/^text\/plain; ?version=0\.0\.4/);
  expect(await promtoolCheck(answer.bytes.toString())).toBe('');
});

test('a real Prometheus scrapes it, and its counters are ours', async () => {
  await using prometheus = await startPrometheus(`127.0.0.1:${host.folder.metricsPort}`);
  expect(await prometheus.target()).toMatchObject({ health: 'up', lastError: '' });
  const own = `{process_executable_name="${label.process_executable_name}"}`;
  const [calls] = await waitFor('the counter in Prometheus', async () => {
    const result = await prometheus.query(`values_calls_total${own}`);
    return result.length > 0 ? result : undefined;
  });
  expect(calls?.value[1]).toBe('100');
  const [quantile] = await prometheus.query(`histogram_quantile(0.99, values_duration_seconds${own})`);
  expect(Number(quantile?.value[1]), 'a native histogram came through').toBeCloseTo(0.001, 3);
});

test('OpenMetrics is complete and carries units, and has the same values as the text', async () => {
  const [text, openMetrics] = await Promise.all([host.scrape('text'), host.scrape('openMetrics')]);
  expect(openMetrics.complete).toBe(true);
  expect(openMetrics.units.get('values_duration_seconds')).toBe('seconds');
  expect(openMetrics.types.get('values_calls')).toBe('counter');
  expect(text.types.get('values_calls_total')).toBe('counter');
  expect(openMetrics.value('values_calls_total', label)).toBe(text.value('values_calls_total', label));
  expect(openMetrics.select('values_calls_created')).toEqual([]);
});

test('gzip is used when asked for, and not otherwise', async () => {
  const zipped = await host.fetchMetrics({ 'accept-encoding': 'gzip' });
  expect(zipped.headers['content-encoding']).toBe('gzip');
  expect(parseExposition(gunzipSync(zipped.bytes).toString()).value('values_calls_total', label)).toBe(100);
  const plain = await host.fetchMetrics();
  expect(plain.headers['content-encoding']).toBeUndefined();
  expect(parseExposition(plain.bytes.toString()).value('values_calls_total', label)).toBe(100);
});

test('every family has its help, and every loss is there at 0', async () => {
  const scrape = await host.scrape();
  for (const family of scrape.types.keys()) expect(scrape.help.get(family), family).toBeTruthy();
  const losses = scrape.select('sonde_loss_total', { probe: 'values' });
  expect(losses.map(({ labels }) => labels.cause)).toContain('ring_full');
  expect(losses.every(({ value }) => value === 0)).toBe(true);
});

test('the host says what it costs and what it runs', async () => {
  const scrape = await host.scrape();
  const families = [...scrape.types.keys()].filter((family) => family.startsWith('sonde_') || family.startsWith('process_'));
  expect(families).toEqual(expect.arrayContaining(['sonde_loss_total', 'sonde_overflow_total']));
  expect(families.length).toBeGreaterThan(8);
});
