// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { possibleCpus } from '../src/kernel.ts';
import { load, u32, u64 } from './harness/objects.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

test('single entries are written, read, taken out and deleted', async () => {
  const map = (await load('maps')).map('small');
  expect(map.lookup(u32(1))).toBeUndefined();
  map.update(u32(1), u64(10));
  map.update(u32(2), u64(20));
  expect(map.lookup(u32(1))).toEqual(u64(10));
  expect(map.lookupAndDelete(u32(1))).toEqual(u64(10));
  expect(map.lookupAndDelete(u32(1))).toBeUndefined();
  expect(map.delete(u32(2))).toBe(true);
  expect(map.delete(u32(2))).toBe(false);
});

test('flags of update are obeyed', async () => {
  const map = (await load('maps')).map('small');
  expect(() => map.update(u32(1), u64(1), 2)).toThrow(expect.objectContaining({ code: 'MAP', errnoName: 'ENOENT' }));
  map.update(u32(1), u64(1), 1);
  expect(() => map.update(u32(1), u64(1), 1)).toThrow(expect.objectContaining({ code: 'MAP', errnoName: 'EEXIST' }));
});

test('keys and values of a wrong size are refused', async () => {
  const map = (await load('maps')).map('small');
  expect(() => map.lookup(u64(1))).toThrow(expect.objectContaining({ code: 'INVALID' }));
  expect(() => map.update(u32(1), u32(1))).toThrow(expect.objectContaining({ code: 'INVALID' }));
  await expect(map.updateBatch(u32(1, 2), u64(1), 2)).rejects.toMatchObject({ code: 'INVALID' });
});

test('a full map says E2BIG', async () => {
  const map = (await load('maps')).map('narrow');
  const fill = map.updateBatch(Uint8Array.from(range(202)), Uint8Array.from(range(101)), 101);
  await expect(fill).rejects.toMatchObject({ code: 'MAP', errnoName: 'E2BIG' });
});

test.each([['small'], ['recent']])('all entries of %s are read', async (name) => {
  const map = (await load('maps')).map(name);
  const numbers = range(500);
  await map.updateBatch(u32(...numbers), u64(...numbers), 500);
  const { count, keys, values } = await map.entries();
  expect(count).toBe(500);
  const found = new Map([...new Uint32Array(keys.buffer, 0, count)].map((key, index) => [key, values[index * 8]]));
  expect(found.size).toBe(500);
  expect(found.get(77)).toBe(77);
});

test('keys smaller than the kernel’s place marker are read too', async () => {
  const map = (await load('maps')).map('narrow');
  await map.updateBatch(Uint8Array.from(range(100)), Uint8Array.from(range(50)), 50);
  expect((await map.entries()).count).toBe(50);
});

test('arrays are read whole, zeroes and all', async () => {
  const object = await load('maps');
  object.map('array').update(u32(3), u32(33));
  const { count, values } = await object.map('array').entries();
  expect(count).toBe(10);
  expect([...new Uint32Array(values.buffer, 0, 10)]).toEqual([0, 0, 0, 33, 0, 0, 0, 0, 0, 0]);
});

test('an empty map has no entries', async () => {
  const object = await load('maps');
  expect((await object.map('large').entries()).count).toBe(0);
});

test('a kind of map without batches is read entry by entry', async () => {
  const object = await load('maps');
  expect((await object.map('stacks').entries()).count).toBe(0);
});

test('the lanes of per-CPU values lie side by side', async () => {
  const object = await load('maps');
  const cpus = possibleCpus();
  for (const name of ['percpu_array']) {
    const lanes = u64(...range(cpus).map((cpu) => 100 + cpu));
    object.map(name).update(u32(4), lanes);
    expect(object.map(name).lookup(u32(4))).toEqual(lanes);
    const { count, values } = await object.map(name).entries();
    expect(count).toBe(10);
    expect(values.subarray(4 * 8 * cpus, 5 * 8 * cpus)).toEqual(lanes);
  }
});

test('a batch of deletions says what was there, and gives the last values', async () => {
  const map = (await load('maps')).map('small');
  await map.updateBatch(u32(1, 2, 3), u64(10, 20, 30), 3);
  expect(await map.deleteBatch(u32(3, 4), 2)).toEqual({ deleted: Uint8Array.of(1, 0) });
  const { deleted, values } = await map.deleteBatch(u32(1, 3, 2), 3, true);
  expect(deleted).toEqual(Uint8Array.of(1, 0, 1));
  expect(values).toEqual(u64(10, 0, 20));
  expect((await map.entries()).count).toBe(0);
});

test('a map knows its memory', async () => {
  const object = await load('maps');
  expect(object.map('large').memoryBytes()).toBeGreaterThan(131072 * 80);
});
