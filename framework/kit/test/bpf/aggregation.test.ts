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

test('A bucket for each cgroup does not let one silence the others', () => {
  const before = object.count('sonde_loss', loss.rateLimited);
  object.run('pass_by_cgroup', undefined, 300);
  const refused = object.count('sonde_loss', loss.rateLimited) - before;
  // two cgroups with 5 tokens each, and the third with those of the bucket that the rest share, one a CPU
  expect(300 - refused).toBe(15);
});

test('A sample passes one event in so many, which carries the weight of those that it stands for', () => {
  object.run('sample', undefined, 40_000);
  const [uniform, byCgroup] = object.dump('samples').map(({ value }) => value as { passed: number; weight: number });
  expect(uniform!.weight).toBe(uniform!.passed * 10);
  // 4,000 expected, with a standard deviation of 60
  expect(Math.abs(uniform!.passed - 4000)).toBeLessThan(600);
  expect(byCgroup).toEqual({ passed: 4000, weight: 40_000 });
});
