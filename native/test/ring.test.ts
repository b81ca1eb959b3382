// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';

import { openRing } from '../src/ring.ts';
import type { RingBatch } from '../src/types.ts';
import { load, readU64, u64 } from './harness/objects.ts';
import { startTicker } from './harness/ticker.ts';

const NO_WAKEUP = 1;

/** The payloads of a batch. */
function* records(batch: RingBatch) {
  const view = new DataView(batch.buffer.buffer, batch.buffer.byteOffset);
  for (let at = 0; at < batch.byteLength; ) {
    const length = view.getUint32(at, true);
    yield { length, number: Number(view.getBigUint64(at + 8, true)) };
    at += 8 + Math.ceil(length / 8) * 8;
  }
}

async function setUp(program: string, wakeup = 0) {
  const ticker = startTicker();
  const object = await load('rings', [program]);
  object.setGlobal('wakeup', 0, u64(wakeup));
  await object.attach(program, { kind: 'uprobe', binary: ticker.path, symbol: 'tick', pid: ticker.pid });
  return { ticker, object, map: object.map('ring') };
}

test('every record arrives, in order and whole', async () => {
  const { ticker, map } = await setUp('submit_varied');
  const seen: number[] = [];
  let lengths = 0;
  const ring = openRing(map, (batch) => {
    for (const { length, number } of records(batch)) {
      expect(length).toBe(8 + (number & 127));
      seen.push(number);
      lengths += length;
    }
  });
  for (let round = 0; round < 20; round++) {
    await ticker.tick(350);
    ring.consume();
  }
  const once = Array.from({ length: 350 }, (_, number) => number).filter((number) => number % 7 !== 6);
  expect(seen).toEqual(Array.from({ length: 20 }, () => once).flat());
  expect(ring.records).toBe(seen.length);
  expect(ring.bytes).toBe(lengths);
});

test('under a burst that the ring cannot hold, produced = delivered + what the program counted as failed', async () => {
  const { ticker, object, map } = await setUp('submit_fixed');
  let delivered = 0;
  const ring = openRing(map, (batch) => {
    delivered += batch.count;
    const until = performance.now() + 40;
    while (performance.now() < until);
  });
  await ticker.tick(30_000);
  ring.consume();
  expect(readU64(object, 'produced')).toBe(30_000);
  expect(readU64(object, 'failed')).toBeGreaterThan(0);
  expect(delivered).toBe(30_000 - readU64(object, 'failed'));
});

test('a lone record without a wake-up arrives within 150 ms', async () => {
  const { ticker, map } = await setUp('submit_fixed', NO_WAKEUP);
  const arrived = Promise.withResolvers<number>();
  openRing(map, () => arrived.resolve(performance.now()));
  await sleep(120);
  const before = performance.now();
  await ticker.tick(1);
  expect((await arrived.promise) - before).toBeLessThan(150);
});

test('one wake-up hands over no more than asked, and the rest follows at once', async () => {
  const { ticker, map } = await setUp('submit_fixed', NO_WAKEUP);
  await ticker.tick(500);
  const batches: number[] = [];
  const done = Promise.withResolvers<void>();
  openRing(
    map,
    (batch) => {
      batches.push(batch.byteLength);
      if (batches.reduce((sum, bytes) => sum + bytes) === 500 * 72) done.resolve();
    },
    { maxBytesPerWake: 7200 },
  );
  const before = performance.now();
  await done.promise;
  expect(batches).toEqual([7200, 7200, 7200, 7200, 7200]);
  expect(performance.now() - before).toBeLessThan(250);
});

test('a record larger than a wake-up’s bound still arrives', async () => {
  const { ticker, map } = await setUp('submit_fixed', NO_WAKEUP);
  await ticker.tick(3);
  let delivered = 0;
  const ring = openRing(map, (batch) => (delivered += batch.count), { maxBytesPerWake: 16 });
  expect(ring.consume()).toBe(3);
  expect(delivered).toBe(3);
});

test('an error of the handler under consume() reaches the caller, and nothing is delivered twice', async () => {
  const { ticker, map } = await setUp('submit_fixed', NO_WAKEUP);
  const ring = openRing(map, () => {
    throw new RangeError('from the handler');
  });
  await ticker.tick(1);
  expect(() => ring.consume()).toThrow(RangeError);
  expect(ring.consume()).toBe(0);
});

test('an error of the handler on a wake-up is an uncaught exception', async () => {
  const { ticker, map } = await setUp('submit_fixed');
  const caught = Promise.withResolvers<unknown>();
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', caught.resolve);
  onTestFinished(() => others.forEach((listener) => process.on('uncaughtException', listener)));
  openRing(map, () => {
    throw new RangeError('from the handler');
  });
  await ticker.tick(1);
  expect(await caught.promise).toBeInstanceOf(RangeError);
});

test('a handler may close its ring, and may not consume from it', async () => {
  const { ticker, map } = await setUp('submit_fixed', NO_WAKEUP);
  await ticker.tick(10);
  let calls = 0;
  const ring = openRing(map, () => {
    calls++;
    expect(() => ring.consume()).toThrow(expect.objectContaining({ code: 'STATE' }));
    ring.close();
  }, { maxBytesPerWake: 72 });
  ring.consume();
  expect(calls).toBe(1);
  expect(() => ring.consume()).toThrow(expect.objectContaining({ code: 'CLOSED' }));
});

test('microtasks run between wake-ups', async () => {
  const { ticker, map } = await setUp('submit_fixed');
  const order: string[] = [];
  const done = Promise.withResolvers<void>();
  openRing(map, () => {
    order.push('handler');
    void Promise.resolve().then(() => order.push('microtask'));
    setImmediate(() => done.resolve());
  });
  await ticker.tick(1);
  await done.promise;
  expect(order.slice(0, 2)).toEqual(['handler', 'microtask']);
});

test('a map that is no ring is refused', async () => {
  const object = await load('maps');
  expect(() => openRing(object.map('small'), () => {})).toThrow(expect.objectContaining({ code: 'INVALID' }));
});
