// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadPinned, type PinnedObject } from './pinned-object.ts';

interface Histogram {
  sum: number;
  zero: number;
  over: number;
  slots: number[];
}
type Bucket = number | 'zero' | 'over';

const numbersPerPacket = 128;
const slotCount = 104;
let object: PinnedObject;

beforeAll(async () => {
  object = await loadPinned('histogram.bpf.c');
  for (let from = 0; from < numbers.length; from += numbersPerPacket) {
    object.run('add', packetOf(numbers.slice(from, from + numbersPerPacket)));
  }
});
afterAll(() => object.close());

test('A duration falls into the slot that exact arithmetic says, at every edge and beside it', () => {
  const found = new Map(histogramsOf('durations'));
  expect(found.size).toBe(numbers.length);
  const wrong = numbers.filter((ns) => bucketOf(found.get(ns)) !== expectedBucket(BigInt(ns), isAtMostDuration));
  expect(wrong).toEqual([]);
});

test('A size falls into the slot that exact arithmetic says, at every edge and beside it', () => {
  const found = new Map(histogramsOf('sizes'));
  const wrong = numbers.filter((size) => bucketOf(found.get(size)) !== expectedBucket(BigInt(size), isAtMostSize));
  expect(wrong).toEqual([]);
});

test('The sum is the exact sum of the values', () => {
  for (const [ns, histogram] of histogramsOf('durations')) expect(histogram.sum).toBe(ns);
});

/** Powers of two and all edges, each with its neighbours, and numbers of every magnitude. */
const numbers = [
  ...new Set([
    ...[0, 1, 10 ** 12, 953, 954, 64e9, 64e9 + 1],
    ...powersOfTwo(42).flatMap(withNeighbours),
    ...edges(isAtMostDuration).flatMap(withNeighbours),
    ...edges(isAtMostSize).flatMap(withNeighbours),
    ...Array.from({ length: 400 }, (_, i) => Math.floor(1.0719 ** i)),
  ]),
].filter((number) => number >= 0);

function powersOfTwo(count: number): number[] {
  return Array.from({ length: count }, (_, k) => 2 ** k);
}

/** The largest whole number in the zero bucket and in each slot. */
function edges(isAtMost: (n: bigint, i: number) => boolean): number[] {
  return Array.from({ length: slotCount + 1 }, (_, i) => Number(largest((n) => isAtMost(n, i - 1))));
}

function withNeighbours(number: number): number[] {
  return [number - 1, number, number + 1];
}

/** Is n ns at most 2^((i-79)/4) s, the upper edge of slot i >= -1? Both sides to the fourth power, times 2^80. */
function isAtMostDuration(n: bigint, i: number): boolean {
  return n ** 4n * 2n ** 80n <= 10n ** 36n * 2n ** BigInt(i + 1);
}

/** Is n at most 2^((i+1)/4), the upper edge of slot i >= -1? */
function isAtMostSize(n: bigint, i: number): boolean {
  return n ** 4n <= 2n ** BigInt(i + 1);
}

function largest(holds: (n: bigint) => boolean): bigint {
  let edge = 0n;
  for (let step = 1n << 40n; step > 0n; step >>= 1n) if (holds(edge + step)) edge += step;
  return edge;
}

function expectedBucket(n: bigint, isAtMost: (n: bigint, i: number) => boolean): Bucket {
  if (isAtMost(n, -1)) return 'zero';
  const slot = Array.from({ length: slotCount }, (_, i) => i).find((i) => isAtMost(n, i));
  return slot ?? 'over';
}

/** The only bucket that has counted, and it counted one. */
function bucketOf(histogram: Histogram | undefined): Bucket | undefined {
  if (!histogram) return undefined;
  const counted: [Bucket, number][] = [['zero', histogram.zero], ['over', histogram.over], ...histogram.slots.entries()];
  const hit = counted.filter(([, count]) => count !== 0);
  return hit.length === 1 && hit[0]?.[1] === 1 ? hit[0][0] : undefined;
}

function histogramsOf(map: string): [number, Histogram][] {
  return object.dump(map).map(({ key, value }) => [key as number, value as Histogram]);
}

function packetOf(values: readonly number[]): Uint8Array {
  const packet = new DataView(new ArrayBuffer(16 + 8 * values.length));
  values.forEach((value, i) => packet.setBigUint64(16 + 8 * i, BigInt(value), true));
  return new Uint8Array(packet.buffer);
}
