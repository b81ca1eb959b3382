// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { HistogramColumn, SeriesStore, ViewReader } from '../../src/series/index.ts';
import { createSeriesStore, emptyHistogram } from '../../src/series/index.ts';
import { createHostTelemetry } from '../../src/telemetry/index.ts';
import type { HostTelemetry, ProbeObservation } from '../../src/telemetry/index.ts';
import { numbers, People, tableOf } from '../series/people.ts';

let store: SeriesStore;
let reader: ViewReader;
let telemetry: HostTelemetry;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  store = createSeriesStore(new People());
  reader = store.view({ identity: [] }).reader();
  telemetry = createHostTelemetry(store, '1.2.3');
});

afterEach(async () => {
  await telemetry.close();
  vi.useRealTimers();
});

async function refresh(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1001);
  await store.refresh();
}

const read = (name: string) => numbers(reader.snapshot(), name);

function observation(state: ProbeObservation['state']): ProbeObservation {
  return {
    probe: 'tcp',
    state,
    programs: { attached: 3, missing: 1 },
    runs: [{ program: 'on_send', runsPerSecond: 1200, cpu: 0.02 }],
    maps: [{ map: 'links', entries: 12, bytes: 4096 }],
  };
}

test('the host says what its process costs and which build it is', async () => {
  await refresh();
  expect(read('sonde.build.info')).toEqual({ [`version=1.2.3,node=${process.version}`]: 1 });
  expect(read('sonde.memory.resident')['']).toBeGreaterThan(10e6);
  expect(read('sonde.memory.heap')['']).toBeLessThan(read('sonde.memory.resident')['']!);
  expect(Object.keys(read('sonde.cpu.time'))).toEqual(['mode=user', 'mode=system']);
  expect(read('sonde.eventloop.delay')['statistic=max']).toBeGreaterThanOrEqual(0);
  expect(read('sonde.eventloop.utilization')['']).toBeLessThanOrEqual(1);
});

test('a stall of the event loop is seen at full length', async () => {
  vi.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const until = performance.now() + 120;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await store.refresh();
  expect(read('sonde.eventloop.delay')['statistic=max']).toBeGreaterThan(0.09);
});

test('CPU time only rises, by what was used since the snapshot before', async () => {
  await refresh();
  const before = read('sonde.cpu.time')['mode=user']!;
  const until = process.cpuUsage().user + 20_000;
  while (process.cpuUsage().user < until);
  await refresh();
  const used = process.cpuUsage().user / 1e6;
  const now = read('sonde.cpu.time')['mode=user']!;
  expect(now - before).toBeGreaterThan(0.02);
  expect(now).toBeLessThanOrEqual(used);
});

test('each probe has its state, programs, run estimates and maps, until it is no longer named', async () => {
  let observed = [observation('running')];
  telemetry.observeProbes(() => observed);
  await refresh();
  expect(read('sonde.probe.state')).toMatchObject({ 'probe=tcp,state=running': 1, 'probe=tcp,state=failed': 0 });
  expect(read('sonde.probe.programs')).toEqual({ 'probe=tcp,state=attached': 3, 'probe=tcp,state=missing': 1 });
  expect(read('sonde.program.cpu')).toEqual({ 'probe=tcp,program=on_send': 0.02 });
  expect(read('sonde.program.runs')).toEqual({ 'probe=tcp,program=on_send': 1200 });
  expect(read('sonde.map.entries')).toEqual({ 'probe=tcp,map=links': 12 });
  expect(read('sonde.map.memory')).toEqual({ 'probe=tcp,map=links': 4096 });
  observed = [observation('failed')];
  await refresh();
  expect(read('sonde.probe.state')).toMatchObject({ 'probe=tcp,state=running': 0, 'probe=tcp,state=failed': 1 });
  observed = [];
  await refresh();
  expect(read('sonde.probe.state')).toEqual({});
  expect(read('sonde.map.entries')).toEqual({});
});

test('events and spans are counted', async () => {
  telemetry.countEvents('tcp', 'tcp.reset', 2);
  telemetry.countSpans('l7', 1);
  await refresh();
  telemetry.countEvents('tcp', 'tcp.reset', 3);
  await refresh();
  expect(read('sonde.events')).toEqual({ 'probe=tcp,event=tcp.reset': 5 });
  expect(read('sonde.spans')).toEqual({ 'probe=l7': 1 });
});

test('a histogram of the SDK goes over slot by slot', async () => {
  const histogram = telemetry.meter.createHistogram('sonde.scrape.duration', { unit: 's', description: 'Scrapes' });
  for (const seconds of [0, 2 ** -20, 2 ** -19, 1, 64, 65]) histogram.record(seconds);
  await refresh();
  await refresh();
  const column = tableOf(reader.snapshot(), 'sonde.scrape.duration')!.metrics[0] as HistogramColumn;
  const value = emptyHistogram(column.range);
  expect(column.read(1, value)).toBe(true);
  expect(value).toMatchObject({ count: 6, zero: 2, over: 1, sum: 130 + 2 ** -20 + 2 ** -19 });
  expect([...value.slots.entries()].filter(([, n]) => n > 0)).toEqual([
    [3, 1],
    [79, 1],
    [103, 1],
  ]);
});

test('an instrument that gets another attribute keeps its totals', async () => {
  const counter = telemetry.meter.createCounter('sonde.things', { description: 'Things' });
  counter.add(1, { a: 'x' });
  await refresh();
  counter.add(2, { a: 'x', b: 'y' });
  await refresh();
  const totals = reader.snapshot().tables.filter(({ definition }) => definition.name === 'sonde.things');
  expect(totals.map(({ metrics }) => (metrics[0] as Float64Array)[1])).toEqual([1, 2]);
});
