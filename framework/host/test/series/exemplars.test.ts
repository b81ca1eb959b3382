// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createSeriesStore } from '../../src/series/store.ts';
import type { EntityDefinition, Exemplar, SeriesOptions, ViewReader } from '../../src/series/types.ts';
import { People, tableOf, text } from './people.ts';

const CALLS: EntityDefinition = {
  probe: 'rpc',
  name: 'calls',
  attributes: ['rpc.method'],
  metrics: [
    { name: 'rpc.sent', type: 'counter', unit: 's', scale: 1e-9, help: 'Time of sending' },
    { name: 'rpc.duration', type: 'histogram', unit: 's', help: 'Time of a call' },
  ],
};
const [SENT, DURATION] = [0, 1];

function setUp(options: SeriesOptions = {}) {
  const people = new People();
  const store = createSeriesStore(people, options);
  const reader = store.view({ identity: ['process.executable.name'] }).reader();
  const table = store.define(CALLS);
  const observe = (method: string, value: number, time = 1, metric = DURATION, process = 0): number => {
    const row = table.row(process, [method]);
    if (metric === SENT) table.add(row, SENT, value);
    else table.addHistogram(row, DURATION, { zero: 0, over: 0, sum: value, slots: [1], from: 80 });
    table.addExemplar(row, metric, { ...span(time), value, time });
    return row;
  };
  return { people, store, reader, table, observe };
}

function span(n: number): Pick<Exemplar, 'traceId' | 'spanId'> {
  return { traceId: n.toString(16).padStart(32, '0'), spanId: n.toString(16).padStart(16, '0') };
}

/** Labels → value and time of each exemplar. */
function exemplars(reader: ViewReader, metric = DURATION): Record<string, [value: number, time: number][]> {
  const table = tableOf(reader.snapshot(), 'calls')!;
  const all = [...(table.exemplars[metric] ?? [])];
  return Object.fromEntries(
    all.map(([series, of]) => [text(table.labels[series]!), of.map(({ value, time }) => [value, time])]),
  );
}

test('of a histogram the newest in each octave is kept, in the unit of the metric', () => {
  const { reader, observe } = setUp();
  observe('get', 300e6, 1);
  observe('get', 400e6, 2);
  observe('get', 500e6, 3);
  observe('get', 500e6 + 1, 4);
  observe('get', 450e6, 2);
  observe('get', 0, 5);
  observe('put', 2e9, 6);
  expect(exemplars(reader)).toEqual({
    'method=get': [
      [0.5, 3],
      [0.500000001, 4],
      [0, 5],
    ],
    'method=put': [[2, 6]],
  });
  expect(tableOf(reader.snapshot(), 'calls')!.exemplars[DURATION]!.values().next().value![0]).toEqual({
    ...span(3),
    value: 0.5,
    time: 3,
  });
});

test('of a counter the newest is kept, and without any a snapshot has no columns for them', () => {
  const { reader, table, observe } = setUp();
  table.add(table.row(0, ['get']), SENT, 5);
  expect(tableOf(reader.snapshot(), 'calls')!.exemplars).toEqual([]);
  observe('get', 1e9, 1, SENT);
  observe('get', 5e9, 2, SENT);
  expect(exemplars(reader, SENT)).toEqual({ 'method=get': [[5, 2]] });
});

test('a series takes them along into the overflow series, and with it they vanish', async () => {
  const { store, reader, people, observe, table } = setUp({ budget: 1, idle: 0 });
  observe('get', 1e9, 1);
  await store.refresh();
  observe('put', 1e9, 2);
  expect(exemplars(reader)).toEqual({ 'overflow=true': [[1, 1]], 'method=put': [[1, 2]] });

  const byPid = store.view({ identity: ['process.pid'] }).reader({ acknowledges: true });
  const id = people.born('curl', 7);
  table.end(observe('get', 1e9, 3, DURATION, id));
  expect(Object.keys(exemplars(byPid))).toEqual(['pid=7,method=get']);
  people.dies(id);
  await new Promise((resolve) => setTimeout(resolve, 1001));
  await store.refresh();
  byPid.acknowledge(byPid.snapshot());
  await new Promise((resolve) => setTimeout(resolve, 1001));
  await store.refresh();
  observe('other', 1, 4);
  expect(Object.keys(exemplars(byPid))).toEqual(['method=other']);
});

test('ten thousand are kept, those of the series that had one last', () => {
  const { reader, observe } = setUp({ budget: 20_000 });
  for (let i = 0; i < 10_001; i++) observe(`m${i}`, 1e9, i);
  const kept = exemplars(reader);
  expect(Object.keys(kept)).toHaveLength(10_000);
  expect(kept).not.toHaveProperty(['method=m0']);
  expect(kept).toHaveProperty(['method=m10000']);
});
