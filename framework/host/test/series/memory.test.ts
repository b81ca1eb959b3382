// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSeriesStore, type EntityDefinition } from '../../src/series/index.ts';
import { numbers, People } from './people.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const ENTITY: EntityDefinition = {
  probe: 'p',
  name: 'execs',
  attributes: ['kind'],
  metrics: [
    { name: 'execs', type: 'counter', unit: '', help: 'Execs' },
    { name: 'time', type: 'histogram', unit: 's', help: 'Time' },
    { name: 'level', type: 'gauge', unit: '', help: 'Level' },
  ],
};

/** Bytes in use on the heap and in buffers, after a collection. */
function memory(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

test('100,000 short processes leave no memory behind, and their counts stay', async () => {
  const people = new People();
  const store = createSeriesStore(people, { budget: 1000 });
  const byExecutable = store.view({ identity: ['process.executable.name'] }).reader();
  const byPid = store.view({ identity: ['process.pid'] }).reader();
  const table = store.define(ENTITY);
  const wave = async (n: number) => {
    for (let i = 0; i < n; i++) {
      const id = people.born('sh');
      const row = i % 2 === 0 ? table.open(id, ['fork']) : table.row(id, ['exec']);
      table.add(row, 0, 1);
      table.set(row, 2, i);
      table.addHistogram(row, 1, { zero: 0, over: 0, sum: 5, slots: [1], from: i % 104 });
      people.dies(id);
      if (i % 2 === 0) table.end(row);
      people.buried(id);
    }
    await vi.advanceTimersByTimeAsync(310_000);
    await store.refresh();
    await vi.advanceTimersByTimeAsync(310_000);
    await store.refresh();
  };
  await wave(2000);
  const before = memory();
  for (let i = 0; i < 50; i++) await wave(2000);
  const grown = memory() - before;
  expect(table.size).toBe(0);
  expect(people.holds.size).toBe(0);
  expect(numbers(byExecutable.snapshot(), 'execs')).toEqual({
    'name=sh,kind=fork': 51_000,
    'name=sh,kind=exec': 51_000,
  });
  expect(Object.keys(numbers(byPid.snapshot(), 'execs'))).toEqual(['overflow=true']);
  expect(grown).toBeLessThan(1 << 20);
});
