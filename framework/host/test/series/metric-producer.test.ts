// SPDX-License-Identifier: Apache-2.0
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader,
  MeterProvider,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { createSeriesStore, metricProducer } from '../../src/series/index.ts';
import { People } from './people.ts';

test('a reader of the OpenTelemetry SDK exports a view', async () => {
  const people = new People();
  const store = createSeriesStore(people);
  const reader = store.view({ identity: ['process.executable.name', 'process.pid'] }).reader();
  const table = store.define({
    probe: 'fsync',
    name: 'files',
    attributes: ['file.type'],
    metrics: [
      { name: 'fsync.calls', type: 'counter', unit: '{call}', help: 'Calls' },
      { name: 'fsync.open', type: 'gauge', unit: '{file}', help: 'Open files' },
      { name: 'fsync.duration', type: 'histogram', unit: 's', help: 'Time' },
      { name: 'fsync.waiting', type: 'updowncounter', unit: '{call}', help: 'Waiting' },
    ],
  });
  const row = table.row(people.born('redis', 42), ['']);
  table.add(row, 0, 7);
  table.set(row, 1, 3);
  table.addHistogram(row, 2, { zero: 1, over: 2, sum: 4e9, slots: [5, 0, 6], from: 90 });
  table.add(row, 3, -1);

  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const otel = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 3_600_000,
    metricProducers: [metricProducer(store, reader)],
  });
  const provider = new MeterProvider({ readers: [otel] });
  await otel.forceFlush();
  const scopes = exporter.getMetrics()[0]!.scopeMetrics;
  await provider.shutdown();

  const scope = scopes.find((each) => each.scope.name === 'sonde/fsync')!;
  const attributes = { 'process.executable.name': 'redis', 'process.pid': 42 };
  const byName = Object.fromEntries(scope.metrics.map((metric) => [metric.descriptor.name, metric]));
  expect(byName['fsync.calls']).toMatchObject({
    descriptor: { unit: '{call}', description: 'Calls' },
    isMonotonic: true,
    dataPoints: [{ attributes, value: 7 }],
  });
  expect(byName['fsync.open']).toMatchObject({ dataPoints: [{ attributes, value: 3 }] });
  expect(byName['fsync.waiting']).toMatchObject({ isMonotonic: false, dataPoints: [{ value: -1 }] });
  const [point] = byName['fsync.duration']!.dataPoints;
  expect(point!.value).toEqual({
    count: 14,
    sum: 4,
    scale: 2,
    zeroCount: 1,
    positive: { offset: -80 + 90, bucketCounts: [5, 0, 6, ...new Array<number>(11).fill(0), 2] },
    negative: { offset: 0, bucketCounts: [] },
  });
});
