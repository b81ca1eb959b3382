// SPDX-License-Identifier: Apache-2.0
import { expect, test, vi } from 'vitest';
import type { LabelSet } from '../../../src/series/types.ts';
import { LabelCache } from '../../../src/sinks/prometheus/label-cache.ts';

const labels = (value: string): LabelSet => ({ names: ['a'], values: [value], identity: 0 });

function setUp() {
  const encode = vi.fn(({ values }: LabelSet) => Buffer.from(String(values[0])));
  const cache = new LabelCache(encode);
  const read = (series: number, set: LabelSet): string => {
    const start = cache.start(series, set);
    return cache.bytes.toString('utf8', start, cache.end(series));
  };
  return { encode, cache, read };
}

test('labels are encoded once for as long as a series lives', () => {
  const { encode, read } = setUp();
  const one = labels('one');
  expect([read(1, one), read(1, one)]).toEqual(['one', 'one']);
  expect(encode).toHaveBeenCalledTimes(1);
});

test('a series number that means another series now has its labels', () => {
  const { read } = setUp();
  read(1, labels('one'));
  expect(read(1, labels('other'))).toBe('other');
});

test('what is gone does not fill the memory', () => {
  const { cache, read } = setUp();
  const lasting = labels('lasting');
  for (let i = 0; i < 10_000; i++) {
    expect(read(1, labels(`passing ${i}`))).toBe(`passing ${i}`);
    expect(read(2, lasting)).toBe('lasting');
  }
  expect(cache.bytes.length).toBeLessThanOrEqual(4096);
});
