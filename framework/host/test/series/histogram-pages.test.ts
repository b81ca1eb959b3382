// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { emptyHistogram, HistogramPages } from '../../src/series/histogram-pages.ts';

function read(pages: HistogramPages, series: number) {
  const value = emptyHistogram(pages.range);
  return pages.snapshot(8).read(series, value) ? value : undefined;
}

function make(): HistogramPages {
  const pages = new HistogramPages();
  pages.reserve(8);
  return pages;
}

test('a histogram takes memory only for the octaves that it uses', () => {
  const pages = make();
  pages.add(1, { zero: 0, over: 0, sum: 0, slots: [], from: 0 });
  expect(pages.pages).toBe(0);
  pages.add(1, { zero: 0, over: 0, sum: 0, slots: [1, 1], from: 7 });
  expect(pages.pages).toBe(2);
  pages.clear(1);
  pages.add(2, { zero: 0, over: 0, sum: 0, slots: [1], from: 103 });
  expect(pages.pages).toBe(1);
  expect(read(pages, 2)!.slots.indexOf(1)).toBe(103);
});

test('reading gives the count, the sum in base units and the used range', () => {
  const pages = make();
  pages.add(3, { zero: 2, over: 3, sum: 1_500_000_001, slots: [0, 5, 0, 7, 0], from: 9 });
  pages.add(3, { zero: 0, over: 0, sum: 0, slots: [1], from: 10 });
  const { count, sum, zero, over, first, last, slots } = read(pages, 3)!;
  expect({ count, sum, zero, over, first, last }).toEqual({
    count: 18,
    sum: 1.500000001,
    zero: 2,
    over: 3,
    first: 10,
    last: 13,
  });
  expect([slots[10], slots[11], slots[12]]).toEqual([6, 0, 7]);
  expect(read(pages, 4)).toBeUndefined();
});

test('slots beyond the range count as over', () => {
  const pages = make();
  pages.add(0, { zero: 0, over: 0, sum: 0, slots: [1, 2, 4], from: 102 });
  expect(read(pages, 0)).toMatchObject({ count: 7, over: 4, first: 102, last: 104 });
});

test('a copy does not follow later changes, also when pages are used again', () => {
  const pages = make();
  pages.add(0, { zero: 0, over: 0, sum: 0, slots: [1], from: 5 });
  const snapshot = pages.snapshot(8);
  pages.clear(0);
  pages.add(1, { zero: 0, over: 0, sum: 0, slots: [9], from: 6 });
  const value = emptyHistogram(pages.range);
  snapshot.read(0, value);
  expect([value.count, value.slots[5]]).toEqual([1, 1]);
});
