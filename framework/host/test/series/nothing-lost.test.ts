// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  emptyHistogram,
  createSeriesStore,
  type EntityDefinition,
  type HistogramColumn,
} from '../../src/series/index.ts';
import type { ViewSnapshot } from '../../src/series/types.ts';
import { numbers, People, tableOf } from './people.ts';

const ENTITY: EntityDefinition = {
  probe: 'p',
  name: 'things',
  attributes: ['kind'],
  metrics: [
    { name: 'thing.count', type: 'counter', unit: '', help: 'Things' },
    { name: 'thing.time', type: 'histogram', unit: 's', help: 'Time' },
    { name: 'thing.level', type: 'gauge', unit: '', fold: 'sum', help: 'Level' },
  ],
};

/** mulberry32: the same numbers for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function histogramTotal(snapshot: ViewSnapshot): { count: number; sum: number; slots: number[] } {
  const table = tableOf(snapshot, 'things');
  const total = { count: 0, sum: 0, slots: new Array<number>(104).fill(0) };
  if (!table) return total;
  const column = table.metrics[1] as HistogramColumn;
  const one = emptyHistogram(column.range);
  for (let series = 0; series < table.size; series++) {
    if (!column.read(series, one)) continue;
    expect(one.count).toBe(one.zero + one.over + one.slots.reduce((a, b) => a + b, 0));
    total.count += one.count;
    total.sum += one.sum;
    for (const [slot, n] of one.slots.entries()) total.slots[slot]! += n;
  }
  return total;
}

const sumOf = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([1, 2, 3, 4, 5, 6])(
  'the sum over all series is the sum of all differences, whatever happens (seed %i)',
  async (seed) => {
    const pick = random(seed);
    const people = new People();
    // Views that name processes forget what ended; an hour of retention keeps that out of this sum.
    const store = createSeriesStore(people, { budget: 20, retention: 3_600_000 });
    const readers = [[], ['process.executable.name'], ['process.executable.name', 'process.pid']].map((identity) =>
      store.view({ identity }).reader(),
    );
    const all = store.view({ identity: 'all' }).reader({ acknowledges: true });
    const table = store.define(ENTITY);
    const living: number[] = [];
    const open: { row: number; level: number; id: number }[] = [];
    let counted = 0;
    let observed = 0;
    const slots = new Array<number>(104).fill(0);
    const born = () => living.push(people.born(`x${pick(5)}`, 1 + pick(40)));
    born();

    for (let step = 0; step < 3000; step++) {
      const id = living[pick(living.length)]!;
      switch (pick(10)) {
        case 0:
          born();
          break;
        case 1:
          if (living.length > 1) people.dies(living.splice(living.indexOf(id), 1)[0]!);
          break;
        case 2:
          people.relabelled(id, `x${pick(5)}`);
          break;
        case 3:
          open.push({ row: table.open(id, [`k${pick(4)}`]), level: 0, id });
          break;
        case 4:
          if (open.length > 0) table.end(open.splice(pick(open.length), 1)[0]!.row);
          break;
        case 5:
          if (pick(5) === 0) await vi.advanceTimersByTimeAsync(pick(90_000));
          await store.refresh();
          break;
        default: {
          const held = open.length > 0 && pick(2) === 0 ? open[pick(open.length)]! : undefined;
          const row = held?.row ?? (pick(20) === 0 ? table.overflow : table.row(id, [`k${pick(4)}`]));
          const [n, slot] = [pick(100), pick(104)];
          table.add(row, 0, n);
          table.addHistogram(row, 1, { zero: 1, over: 2, sum: 1_000_000_000 * n, slots: [n], from: slot });
          counted += n;
          observed += n + 3;
          slots[slot]! += n;
          if (held) {
            table.set(held.row, 2, n);
            held.level = n;
          }
        }
      }
    }

    for (const reader of [...readers, all]) {
      const snapshot = reader.snapshot();
      expect(sumOf(Object.values(numbers(snapshot, 'things')))).toBe(counted);
      expect(histogramTotal(snapshot)).toEqual({ count: observed, sum: counted, slots });
      const level = open.filter(({ id }) => !people.ended(id)).map((row) => row.level);
      expect(sumOf(Object.values(numbers(snapshot, 'things', 2)))).toBe(sumOf(level));
    }
    expect(store.seriesCount('p')).toBeLessThanOrEqual(20);
  },
);
