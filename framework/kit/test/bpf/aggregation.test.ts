// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadPinned, type PinnedObject } from './pinned-object.ts';

/** `enum sonde_loss_cause` */
const loss = { ringFull: 0, mapFull: 1, rateLimited: 3 };

let object: PinnedObject;
beforeAll(async () => {
  object = await loadPinned('aggregation.bpf.c');
});
afterAll(() => object.close());

test('What a full map has no room for is added up in its overflow entry, and counted', () => {
  object.run('count', undefined, 100);
  const shared = object.dump('shared').map(({ value }) => (value as { count: number }).count);
  expect(shared).toEqual([1, 1, 1, 1]);
  expect(object.dump('per_cpu')).toHaveLength(4);
  expect(object.count('shared__overflow', 0)).toBe(96);
  expect(object.count('per_cpu__overflow', 0)).toBe(96);
  expect(object.count('sonde_loss', loss.mapFull)).toBe(2 * 96);
});

test('What a full ring has no room for is counted', () => {
  object.run('report', undefined, 100);
  expect(object.count('sonde_loss', loss.ringFull)).toBe(100 - 31);
});

test('A bucket lets its burst pass and counts the rest; a rate of 0 lets nothing pass', () => {
  object.run('pass', undefined, 100);
  expect(object.count('sonde_loss', loss.rateLimited)).toBe(95);
  object.run('pass_never', undefined, 100);
  expect(object.count('sonde_loss', loss.rateLimited)).toBe(195);
});
