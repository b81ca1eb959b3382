// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { load, open, readU64, u32, u64 } from './harness/objects.ts';
import { startTicker } from './harness/ticker.ts';

test('an opened object tells its programs and maps', async () => {
  const object = await open('globals');
  expect(object.programs).toEqual([
    { name: 'at_mode', section: 'uprobe', type: 'kprobe', maps: ['direct'] },
    { name: 'by_function', section: 'uprobe', type: 'kprobe', maps: ['indirect'] },
  ]);
  expect(object.maps.map((map) => map.name)).toEqual(['direct', 'indirect']);
  const { maps, btf } = await open('maps');
  const large = maps.find((map) => map.name === 'large')!;
  expect(large).toMatchObject({ type: 'hash', keySize: 16, valueSize: 64, maxEntries: 131072 });
  expect(btf.types[large.keyType!]?.name).toBe('endpoint');
  expect(btf.types[large.valueType!]?.name).toBe('traffic');
});

test('initial values of globals are read and written before loading', async () => {
  const object = await open('globals');
  expect(object.readGlobal('limit', 0, 4)).toEqual(u32(7));
  expect(object.readGlobal('settings', 0, 8)).toEqual(u64(1000));
  object.setGlobal('limit', 0, u32(9));
  object.setGlobal('settings', 16, u32(5));
  expect(object.readGlobal('limit', 0, 4)).toEqual(u32(9));
  await object.load();
  expect(object.readGlobal('limit', 0, 4)).toEqual(u32(9));
  expect(object.readGlobal('settings', 12, 12)).toEqual(u32(0, 5, 0));
});

test('a running program sees a global written live', async () => {
  const ticker = startTicker();
  const object = await load('globals', ['at_mode']);
  await object.attach('at_mode', { kind: 'uprobe', binary: ticker.path, symbol: 'tick', pid: ticker.pid });
  await ticker.tick(10);
  object.setGlobal('settings', 8, u32(2));
  await ticker.tick(23);
  object.setGlobal('settings', 8, u32(0));
  await ticker.tick(10);
  expect(readU64(object, 'seen')).toBe(23);
});

test('constants cannot be written after loading', async () => {
  const object = await load('globals');
  expect(() => object.setGlobal('limit', 0, u32(1))).toThrow(expect.objectContaining({ code: 'STATE' }));
});

test('what a global cannot hold, and a global that is not there, are refused', async () => {
  const object = await open('globals');
  expect(() => object.setGlobal('limit', 1, u32(1))).toThrow(expect.objectContaining({ code: 'INVALID' }));
  expect(() => object.readGlobal('limit', -1, 1)).toThrow(expect.objectContaining({ code: 'INVALID' }));
  expect(() => object.setGlobal('nothing', 0, u32(1))).toThrow(expect.objectContaining({ code: 'UNKNOWN_GLOBAL' }));
});

test('map sizes and the creation of maps are settled before loading', async () => {
  const object = await open('maps');
  object.setMapMaxEntries('small', 5);
  object.setMapAutocreate('large', false);
  await object.load();
  expect(object.map('small').info.maxEntries).toBe(5);
  expect(() => object.map('large')).toThrow(expect.objectContaining({ code: 'STATE' }));
  expect(() => object.setMapMaxEntries('small', 6)).toThrow(expect.objectContaining({ code: 'STATE' }));
  expect(() => object.map('nothing')).toThrow(expect.objectContaining({ code: 'UNKNOWN_MAP' }));
});

test('an object uses the map of another', async () => {
  const first = await load('maps');
  const second = await open('maps');
  second.reuseMap('small', first.map('small'));
  await second.load();
  expect(second.map('small').info.id).toBe(first.map('small').info.id);
  first.map('small').update(u32(1), u64(2));
  expect(second.map('small').lookup(u32(1))).toEqual(u64(2));
});

test('a map of another shape cannot be reused', async () => {
  const first = await load('maps');
  const second = await open('maps');
  expect(() => second.reuseMap('small', first.map('large'))).toThrow(expect.objectContaining({ code: 'INVALID' }));
});

test('statistics name the loaded programs alone', async () => {
  const object = await load('globals', ['at_mode']);
  const statistics = object.programStats();
  expect(statistics.map((program) => program.name)).toEqual(['at_mode']);
  expect(statistics[0]?.id).toBeGreaterThan(0);
  expect(statistics[0]?.memlockBytes).toBeGreaterThanOrEqual(4096);
});

test('the target of a tracing program is set before loading', async () => {
  const ticker = startTicker();
  const object = await open('hooks');
  for (const { name } of object.programs) object.setProgramAutoload(name, name === 'on_tp_btf');
  object.setAttachTarget('on_tp_btf', 'sched_process_exit');
  object.setGlobal('parent', 0, u32(ticker.pid));
  await object.load();
  await object.attach('on_tp_btf', { kind: 'auto' });
  await ticker.exec(3);
  expect(readU64(object, 'runs', 2)).toBe(3);
});

test('a closed object says so', async () => {
  const object = await load('globals', ['at_mode']);
  await object.close();
  await object.close();
  expect(() => object.map('direct')).toThrow(expect.objectContaining({ code: 'CLOSED' }));
  await expect(object.attach('at_mode', { kind: 'auto' })).rejects.toMatchObject({ code: 'CLOSED' });
});
