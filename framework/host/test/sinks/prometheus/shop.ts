// SPDX-License-Identifier: Apache-2.0
import { createSeriesStore, TIME_RANGE, type EntityDefinition, type SeriesStore } from '../../../src/series/index.ts';
import { People } from '../../series/people.ts';

export const SHOP: EntityDefinition = {
  probe: 'shop',
  name: 'shop.order',
  attributes: ['shop.item'],
  metrics: [
    { name: 'shop.sent', type: 'counter', unit: 'By', help: 'Bytes "sent"\\\nto customers' },
    { name: 'shop.load', type: 'gauge', unit: '1', help: 'Load' },
    { name: 'shop.duration', type: 'histogram', unit: 's', help: 'Time of an order', histogram: TIME_RANGE },
    { name: 'shop.queue', type: 'updowncounter', unit: '{order}', help: 'Orders waiting' },
  ],
};
export const [SENT, LOAD, DURATION, QUEUE] = [0, 1, 2, 3];

export const BY_EXECUTABLE = { identity: ['process.executable.name'] };

/** Values whose escaping is easy to get wrong. */
export const HARD_VALUES = [
  'plain',
  'with "quotes"',
  'back\\slash',
  'line\nbreak',
  '\\n',
  'Grüße 🌍',
  'a,b="c"}',
  '\t',
  '\u0001',
  '\ud800x',
];

export const TRACES = [
  { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' },
  { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' },
] as const;

export interface Shop {
  people: People;
  store: SeriesStore;
}

/** A store whose counters, gauges and histograms have hard names and numbers. Open the reader before. */
export function openShop(): Shop {
  const people = new People();
  return { people, store: createSeriesStore(people) };
}

export function sell({ people, store }: Shop): void {
  const table = store.define(SHOP);
  const id = people.born('redis-server', 42);
  for (const [i, item] of HARD_VALUES.entries()) {
    const row = table.row(id, [item]);
    table.add(row, SENT, 10 ** i + i);
    table.set(row, LOAD, [0.1, -1.5, 1e-9, 1e21, 2 ** 53, 0, 123456789012, Infinity, -Infinity, 3][i]!);
    table.addHistogram(row, DURATION, {
      zero: i,
      over: i % 3,
      sum: 1_500_000_000 * i,
      slots: [1, 0, i, 2],
      from: i * 10,
    });
    table.add(row, QUEUE, i % 2 === 0 ? i : -i);
  }
  const bare = table.row(0, ['']);
  table.add(bare, SENT, 0);
  store.loss.declare('shop', 'ring', 'full');
}

/** Orders of 0.2 s and of 100 s, which is over all edges, both in a trace; and a sale that is. Times end in .25 s. */
export function sellTraced({ store }: Shop, now = Date.now()): { time: number } {
  const table = store.define(SHOP);
  const row = table.row(0, ['traced']);
  const time = Math.floor(now / 1000) * 1000 + 250;
  table.add(row, SENT, 12);
  table.addExemplar(row, SENT, { ...TRACES[0], value: 12, time });
  // Slot 71 is (2^-2.25 s, 2^-2 s].
  table.addHistogram(row, DURATION, { zero: 0, over: 1, sum: 100.2e9, slots: [1], from: 71 });
  table.addExemplar(row, DURATION, { ...TRACES[1], value: 100e9, time });
  table.addExemplar(row, DURATION, { ...TRACES[0], value: 0.24e9, time: time - 250 });
  table.add(row, QUEUE, 1);
  table.addExemplar(row, QUEUE, { ...TRACES[0], value: 1, time });
  return { time };
}
