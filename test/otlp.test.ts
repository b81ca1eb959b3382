// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { startCollector, type Collector, type Point } from './harness/collector.ts';
import { ext4Folder } from './harness/ext4-folder.ts';
import type { ProtobufMetric } from './harness/exposition-protobuf.ts';
import { Host, hostFolder } from './harness/host.ts';
import { samplePackage } from './harness/paths.ts';
import { waitFor } from './harness/wait.ts';
import { compile } from './harness/workload.ts';

let collector: Collector;
let host: Host;
let folder: Awaited<ReturnType<typeof ext4Folder>>;
beforeAll(async () => {
  collector = await startCollector();
  folder = await ext4Folder();
  const push = { type: 'otlp', interval: '1s', timeout: '1s' };
  const place = await hostFolder();
  place.write({
    probes: {
      fsync: {
        package: samplePackage('fsync'),
        collectors: { memory: true },
        params: { slowThreshold: '0s', reportSlow: true },
      },
    },
    labels: ['process.executable.name', 'process.pid'],
    sinks: {
      prometheus: { listen: `127.0.0.1:${place.metricsPort}` },
      metrics: { ...push, endpoint: collector.http },
      events: { ...push, endpoint: collector.grpc, protocol: 'grpc' },
      nowhere: { ...push, endpoint: 'http://127.0.0.1:1' },
    },
    routes: [
      { sinks: ['metrics'], probes: ['fsync'], metrics: ['fsync.*'] },
      { sinks: ['events'], events: ['fsync.*'] },
    ],
  });
  host = new Host(place);
  await host.ready();
}, 600_000);
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
  await collector?.[Symbol.asyncDispose]();
});

async function flush(name: string, ...options: string[]): Promise<string> {
  const fsyncs = await compile('packages/fsync/workload/fsyncs.c', { name });
  await run(fsyncs.path, [...options, folder.path]);
  return fsyncs.name;
}

function pointsOf(executable: string): Point[] {
  return collector.points().filter(({ resource }) => resource['process.executable.name'] === executable);
}

test('what the Collector writes is what Prometheus scrapes, series by series', async () => {
  const name = await flush('otlp-known', '-n', '3', '-s', '10', '-d', '5');
  await waitFor('the final values', () => pointsOf(name).some(({ name: metric }) => metric === 'fsync.calls'));
  await sleep(2500);
  const points = pointsOf(name);
  const families = await scrapeProtobuf(name);

  const counters = points.filter(({ type }) => type === 'sum');
  expect(counters.length).toBeGreaterThanOrEqual(2 + 2 + 2 + 3);
  for (const point of counters) {
    const metric = families.get(`${point.name.replaceAll('.', '_')}_total`)!.find((each) => hasLabelsOf(each, point));
    expect(metric?.value, `${point.name} ${JSON.stringify(point.attributes)}`).toBe(point.value);
  }
  const histograms = points.filter(({ histogram }) => histogram);
  expect(new Set(histograms.map(({ attributes }) => attributes['fsync.kind']))).toEqual(
    new Set(['fsync', 'fdatasync']),
  );
  for (const point of histograms) {
    const scraped = families.get('fsync_duration_seconds')!.find((each) => hasLabelsOf(each, point))!.histogram!;
    const { count, sum, scale, zeroCount, offset, buckets } = point.histogram!;
    expect({ count, sum, schema: scale, zeroCount }).toEqual({
      count: scraped.count,
      sum: scraped.sum,
      schema: scraped.schema,
      zeroCount: scraped.zeroCount,
    });
    const shifted = buckets.map((bucket, i) => [offset + i + 1, bucket] as const).filter(([, bucket]) => bucket > 0);
    expect(new Map(shifted)).toEqual(scraped.buckets);
  }
});

test('a process that lives a moment arrives once, with its final values and the whole identity', async () => {
  const name = await flush('otlp-brief', '-s', '3');
  await waitFor('the process', () => pointsOf(name).length > 0);
  await sleep(3500);
  const calls = pointsOf(name).filter((point) => point.name === 'fsync.calls');
  expect(calls.map(({ value }) => value)).toEqual([3]);
  expect(calls[0]!.resource).toMatchObject({
    'process.executable.name': name,
    'process.pid': expect.any(Number),
    'process.creation.time': expect.any(String),
    'process.command_line': expect.stringContaining(name),
    'host.name': expect.any(String),
  });
  expect(calls[0]!.attributes).toEqual({ 'fsync.kind': 'fsync' });
});

test('each event arrives within a second, once, at the sink to which it is routed', async () => {
  const began = performance.now();
  const name = await flush('otlp-event', '-s', '7');
  const ofProcess = (): unknown[] =>
    collector.logs().filter(({ resource }) => resource['process.executable.name'] === name);
  await waitFor('7 events', () => ofProcess().length === 7);
  expect(performance.now() - began).toBeLessThan(1500);
  expect(ofProcess()[0]).toMatchObject({ eventName: 'fsync.slow', scope: 'sonde/fsync' });
  await sleep(500);
  expect(ofProcess()).toHaveLength(7);
  expect(collector.points().filter((point) => !point.name.startsWith('fsync.'))).toEqual([]);
});

test('sonde sinks says who delivers and who does not', async () => {
  const { sinks } = (await host.rest.get('/v1/sinks')).body;
  const of = (name: string): Record<string, unknown> => sinks.find((sink: { name: string }) => sink.name === name);
  expect(of('metrics')).toMatchObject({ type: 'otlp', state: 'running', flow: { lost: 0, rate: expect.any(Number) } });
  expect(of('events')).toMatchObject({ state: 'running', flow: { delivered: expect.any(Number), lost: 0 } });
  expect(of('nowhere')).toMatchObject({ state: 'failing', error: { code: 'SONDE_SINK_UNREACHABLE' } });
  expect((of('nowhere')['flow'] as { queued: number }).queued).toBeGreaterThan(0);
  const table = await host.sonde('sinks');
  expect(table).toMatch(/nowhere +otlp +failing/);
  expect(table).toContain('SONDE_SINK_UNREACHABLE');
  expect(host.output.match(/SONDE_SINK_UNREACHABLE/g)!.length).toBeLessThanOrEqual(2);
});

type Families = Map<string, ProtobufMetric[]>;

async function scrapeProtobuf(executable: string): Promise<Families> {
  const families = await host.scrapeProtobuf();
  const own = (metric: ProtobufMetric): boolean => metric.labels['process_executable_name'] === executable;
  return new Map([...families].map(([name, { metrics }]) => [name, metrics.filter(own)]));
}

/** Labels of a pull reader are a part of those of a Resource. */
function hasLabelsOf({ labels }: ProtobufMetric, { resource, attributes }: Point): boolean {
  const all = Object.entries({ ...resource, ...attributes }).map(([key, value]) => [
    key.replaceAll(/\W/g, '_'),
    String(value),
  ]);
  const expected = Object.fromEntries(all);
  return Object.entries(labels).every(([key, value]) => expected[key] === value);
}
