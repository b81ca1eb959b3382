// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { createSeriesStore } from '../../src/series/index.ts';
import { routedStore } from '../../src/sinks/routed.ts';
import { selectionFor } from '../../src/sinks/selection.ts';
import { People, tableOf } from '../series/people.ts';

describe('a route', () => {
  test('that names a sink keeps all others as they are', () => {
    expect(selectionFor('log', [{ sinks: ['kafka'], metrics: ['tcp.*'] }])).toBeUndefined();
  });

  test('lets through only what it names', () => {
    const { metrics, events, spans } = selectionFor('kafka', [
      { sinks: ['kafka'], probes: ['tcp'], metrics: ['tcp.*', 'host.cpu'] },
    ])!;
    expect(metrics('tcp', 'tcp.sent')).toBe(true);
    expect(metrics('tcp', 'host.cpu')).toBe(true);
    expect(metrics('tcp', 'host.cpus')).toBe(false);
    expect(metrics('io', 'tcp.sent')).toBe(false);
    expect(events('tcp', 'tcp.reset')).toBe(false);
    expect(spans('tcp', 'tcp.sent')).toBe(false);
  });

  test('that names no metrics, events or spans lets all of its probes through', () => {
    const { metrics, events, spans } = selectionFor('kafka', [{ sinks: ['kafka', 'otlp'], probes: ['tc?'] }])!;
    for (const isLetThrough of [metrics, events, spans]) {
      expect(isLetThrough('tcp', 'any')).toBe(true);
      expect(isLetThrough('io', 'any')).toBe(false);
    }
  });

  test('adds to the others of the same sink', () => {
    const routes = [
      { sinks: ['otlp'], metrics: ['tcp.*'] },
      { sinks: ['otlp'], events: ['*'] },
    ];
    const { metrics, events } = selectionFor('otlp', routes)!;
    expect([metrics('tcp', 'tcp.sent'), metrics('io', 'io.reads'), events('io', 'io.slow')]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

test('a sink sees the metrics it is to have, under the same definition each time', () => {
  const store = createSeriesStore(new People());
  const routed = routedStore(store, (_, name) => name === 'b.two');
  const reader = routed.view({ identity: 'all' }).reader({ acknowledges: true });
  const metric = (name: string) => ({ name, type: 'counter', unit: '', help: '' }) as const;
  const table = store.define({
    probe: 'p',
    name: 'entity',
    attributes: [],
    metrics: [metric('a.one'), metric('b.two')],
  });
  const row = table.open(0, []);
  table.add(row, 0, 1);
  table.add(row, 1, 2);
  const [first, second] = [reader.snapshot(), reader.snapshot()].map((snapshot) => tableOf(snapshot, 'entity')!);
  expect(first!.definition.metrics.map(({ name }) => name)).toEqual(['b.two']);
  expect(first!.metrics.map((column) => (column as Float64Array)[1])).toEqual([2]);
  expect(second!.definition).toBe(first!.definition);
  expect(tableOf(reader.snapshot(), 'loss')).toBeUndefined();
});
