// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { addon } from '../src/addon.ts';
import { possibleCpus } from '../src/kernel.ts';
import { type KernelMap, SnapshotReader } from '../src/map.ts';
import type { FoldField, MapChanges, MapReader } from '../src/types.ts';
import { load, u32, u64 } from './harness/objects.ts';

const numbersOf = (bytes: Uint8Array) => [...new BigUint64Array(bytes.slice().buffer)].map(Number);
const keysOf = (bytes: Uint8Array) => [...new Uint32Array(bytes.slice().buffer)];

/** key → [value, previous, fresh] */
function changesOf(changes: MapChanges) {
  const keys = keysOf(changes.keys);
  const values = numbersOf(changes.values);
  const previous = numbersOf(changes.previous);
  return Object.fromEntries(keys.map((key, index) => [key, [values[index], previous[index], changes.fresh[index]]]));
}

/** By batches, and as on a kernel without them. */
async function eachWay(name: string, run: (map: KernelMap, reader: MapReader) => Promise<void>) {
  for (const batches of [true, false]) {
    const map = (await load('maps')).map(name) as KernelMap;
    const reader = new SnapshotReader(addon.reader.open(map.handle, [], batches), () => {});
    await run(map, reader);
    reader.close();
  }
}

test('the first look reports every entry as fresh, the next only what changed', async () => {
  await eachWay('small', async (map, reader) => {
    await map.updateBatch(u32(1, 2, 3), u64(10, 20, 30), 3);
    const first = await reader.collect();
    expect(first).toMatchObject({ total: 3, changed: 3 });
    expect(changesOf(first)).toEqual({ 1: [10, 0, 1], 2: [20, 0, 1], 3: [30, 0, 1] });
    map.update(u32(2), u64(25));
    map.update(u32(4), u64(40));
    const second = await reader.collect();
    expect(second).toMatchObject({ total: 4, changed: 2 });
    expect(changesOf(second)).toEqual({ 2: [25, 20, 0], 4: [40, 0, 1] });
    expect(second.removed).toHaveLength(0);
    expect(await reader.collect()).toMatchObject({ total: 4, changed: 0 });
  });
});

test('entries that vanished are reported, and only then is their slot used again', async () => {
  await eachWay('small', async (map, reader) => {
    await map.updateBatch(u32(1, 2, 3), u64(10, 20, 30), 3);
    const first = await reader.collect();
    const slotOf = Object.fromEntries(keysOf(first.keys).map((key, index) => [key, first.slots[index]]));
    map.delete(u32(2));
    map.update(u32(5), u64(50));
    const second = await reader.collect();
    expect([...second.removed]).toEqual([slotOf[2]]);
    expect(second.slots[0]).not.toBe(slotOf[2]);
    map.update(u32(6), u64(60));
    const third = await reader.collect();
    expect(third.slots[0]).toBe(slotOf[2]);
    expect(changesOf(third)).toEqual({ 6: [60, 0, 1] });
    expect(reader.slots).toBe(4);
  });
});

test('a key that comes back after it was reported removed is fresh', async () => {
  const map = (await load('maps')).map('small');
  const reader = map.reader();
  map.update(u32(1), u64(10));
  await reader.collect();
  map.delete(u32(1));
  expect((await reader.collect()).removed).toHaveLength(1);
  map.update(u32(1), u64(3));
  expect(changesOf(await reader.collect())).toEqual({ 1: [3, 0, 1] });
});

test('it counts how long an entry was unchanged', async () => {
  const map = (await load('maps')).map('small');
  const reader = map.reader();
  await map.updateBatch(u32(1, 2), u64(10, 20), 2);
  const first = await reader.collect();
  const [one, two] = [1, 2].map((key) => first.slots[keysOf(first.keys).indexOf(key)]) as [number, number];
  await reader.collect();
  map.update(u32(2), u64(21));
  const third = await reader.collect();
  expect(third.unchanged[one]).toBe(2);
  expect(third.unchanged[two]).toBe(0);
});

test('per-CPU lanes are folded as declared', async () => {
  const map = (await load('maps')).map('lanes');
  const lane = (sum: number, lowest: number, highest: number, latest: number, parts: number[]) => {
    const bytes = new DataView(new ArrayBuffer(24));
    bytes.setBigUint64(0, BigInt(sum), true);
    bytes.setInt32(8, lowest, true);
    bytes.setUint32(12, highest, true);
    bytes.setUint16(16, latest, true);
    parts.forEach((part, index) => bytes.setUint8(18 + index, part));
    return Buffer.from(bytes.buffer);
  };
  const fold: FoldField[] = [
    { offset: 0, size: 8, fold: 'sum' },
    { offset: 8, size: 4, fold: 'min', signed: true },
    { offset: 12, size: 4, fold: 'max' },
    { offset: 16, size: 2, fold: 'last' },
    { offset: 18, size: 1, fold: 'sum', count: 4 },
  ];
  const zero = lane(0, 0, 0, 0, []);
  const lanes = Array.from({ length: possibleCpus() }, () => zero);
  lanes[0] = lane(5, -7, 4_000_000_000, 1, [1, 2, 3, 4]);
  map.update(u32(1), Buffer.concat(lanes));
  lanes[1] = lane(6, 3, 2, 2, [10, 20, 30, 40]);
  map.update(u32(2), Buffer.concat(lanes));
  map.update(u32(3), Buffer.concat(lanes.map(() => zero)));
  const reader = map.reader({ fold });
  const { keys, values } = await reader.collect();
  const folded = (key: number) => Buffer.from(values.subarray(keysOf(keys).indexOf(key) * 24).subarray(0, 24));
  expect(folded(1)).toEqual(lane(5, -7, 4_000_000_000, 1, [1, 2, 3, 4]));
  expect(folded(2)).toEqual(lane(11, -7, 4_000_000_000, 2, [11, 22, 33, 44]));
  expect(folded(3)).toEqual(zero);
  expect((await map.deleteBatch(u32(2), 1, fold)).values).toEqual(new Uint8Array(folded(2)));
});

test('a fold field that the value has no room for is refused', async () => {
  const map = (await load('maps')).map('lanes');
  const fold: FoldField[] = [{ offset: 20, size: 8, fold: 'sum' }];
  expect(() => map.reader({ fold })).toThrow(expect.objectContaining({ code: 'INVALID' }));
});

test('per-CPU arrays are read and folded', async () => {
  await eachWay('percpu_array', async (map) => {
    map.update(u32(2), u64(...Array.from({ length: possibleCpus() }, () => 7)));
    const reader = map.reader({ fold: [{ offset: 0, size: 8, fold: 'sum' }] });
    const changes = await reader.collect();
    expect(changes.total).toBe(10);
    expect(changesOf(changes)[2]).toEqual([7 * possibleCpus(), 0, 1]);
  });
});

test('a large map is followed through growth, change and removal to the unit', async () => {
  const map = (await load('maps')).map('large');
  const reader = map.reader();
  const truth = new Map<number, number>();
  const known = new Map<number, { key: number; value: number }>();
  const put = async (from: number, to: number, value: number) => {
    const count = to - from;
    const keys = new BigUint64Array(count * 2);
    const values = new BigUint64Array(count * 8);
    for (let index = 0; index < count; index++) {
      keys[index * 2] = BigInt(from + index);
      values[index * 8] = BigInt(value + index);
      truth.set(from + index, value + index);
    }
    await map.updateBatch(new Uint8Array(keys.buffer), new Uint8Array(values.buffer), count);
  };
  const cut = async (from: number, to: number) => {
    const keys = new BigUint64Array((to - from) * 2);
    for (let key = from; key < to; key++) {
      keys[(key - from) * 2] = BigInt(key);
      truth.delete(key);
    }
    await map.deleteBatch(new Uint8Array(keys.buffer), to - from);
  };
  const follow = async () => {
    const changes = await reader.collect();
    for (const slot of changes.removed) known.delete(slot);
    const keys = new DataView(changes.keys.buffer);
    const values = new DataView(changes.values.buffer);
    changes.slots.forEach((slot, index) => {
      if (changes.fresh[index]) expect(known.has(slot)).toBe(false);
      known.set(slot, { key: Number(keys.getBigUint64(index * 16, true)), value: Number(values.getBigUint64(index * 64, true)) });
    });
    expect(changes.total).toBe(truth.size);
    expect(new Map([...known.values()].map(({ key, value }) => [key, value]))).toEqual(truth);
  };
  await put(0, 10_000, 1);
  await follow();
  await put(5_000, 30_000, 100);
  await cut(0, 4_000);
  await follow();
  await cut(20_000, 29_999);
  await follow();
  await put(50_000, 60_000, 5);
  await put(1, 2_000, 9);
  await follow();
  await cut(0, 60_000);
  await follow();
});

test('taken entries leave the map, and what they gained since the last look is told', async () => {
  const map = (await load('maps')).map('small');
  const reader = map.reader();
  await map.updateBatch(u32(1, 2, 3), u64(10, 20, 30), 3);
  const first = await reader.collect();
  const slotOf = Object.fromEntries(keysOf(first.keys).map((key, index) => [key, first.slots[index]]));
  map.update(u32(2), u64(22));
  map.delete(u32(3));
  const taken = await reader.take(Uint32Array.of(slotOf[1]!, slotOf[2]!, slotOf[3]!, 999));
  expect(changesOf(taken)).toEqual({ 2: [22, 20, 0] });
  expect((await map.entries()).count).toBe(0);
  map.update(u32(2), u64(1));
  const next = await reader.collect();
  expect(next.removed).toHaveLength(0);
  expect(changesOf(next)).toEqual({ 2: [1, 0, 1] });
});

test('only one look at a time', async () => {
  const reader = (await load('maps')).map('large').reader();
  const first = reader.collect();
  await expect(reader.collect()).rejects.toMatchObject({ code: 'STATE' });
  await first;
});

test('a look under way ends when the reader is closed', async () => {
  const reader = (await load('maps')).map('large').reader();
  const collecting = reader.collect();
  reader.close();
  await expect(collecting).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(reader.collect()).rejects.toMatchObject({ code: 'CLOSED' });
});
