// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { histogramIndex, scaler } from '../../src/decoders/histogram-index.ts';

/** By exact arithmetic: the smallest i with (ns / 10^9)^4 ≤ 2^(i + 1). */
function exactIndex(nanoseconds: number): number {
  const fourth = BigInt(nanoseconds) ** 4n;
  const whole = 10n ** 36n;
  const isAtMost = (power: number): boolean =>
    power >= 0 ? fourth <= whole << BigInt(power) : fourth << BigInt(-power) <= whole;
  let power = Math.ceil(4 * Math.log2(nanoseconds / 1e9)) - 2;
  while (!isAtMost(power)) power++;
  return power - 1;
}

test('the index agrees with exact arithmetic at and around every edge from 1 µs to 64 s', () => {
  const toSeconds = scaler(1e-9);
  for (let slot = -80; slot < 26; slot++) {
    const edge = Math.round(2 ** (slot / 4) * 1e9);
    for (const nanoseconds of [edge - 1, edge, edge + 1]) {
      expect([nanoseconds, histogramIndex(toSeconds(nanoseconds))]).toEqual([nanoseconds, exactIndex(nanoseconds)]);
    }
  }
});

test('a power of two is the last value of its bucket', () => {
  for (let exponent = -20; exponent <= 40; exponent++) {
    expect(histogramIndex(2 ** exponent)).toBe(4 * exponent - 1);
    expect(histogramIndex(2 ** exponent * (1 + Number.EPSILON))).toBe(4 * exponent);
    expect(histogramIndex(2 ** exponent * (1 - Number.EPSILON / 2))).toBe(4 * exponent - 1);
  }
});

test('a decimal scale makes exact base units', () => {
  expect(scaler(1e-9)(1953125)).toBe(2 ** -9);
  expect(scaler(1e-3)(250)).toBe(0.25);
  expect(scaler(1)(7)).toBe(7);
  expect(scaler(1024)(2)).toBe(2048);
});
