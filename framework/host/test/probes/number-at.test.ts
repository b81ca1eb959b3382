// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { difference64, unsigned64 } from '../../src/probes/number-at.ts';

const view = (value: bigint): DataView => new DataView(new BigInt64Array([BigInt.asIntN(64, value)]).buffer);

test.each([
  [0n, 0n],
  [7n, 0n],
  [2n ** 32n, 2n ** 32n - 1n],
  [2n ** 60n + 5n, 2n ** 60n],
  [-3n, 4n],
  [0n, -1n],
])('the difference of %d and %d is exact', (now, before) => {
  expect(difference64(view(now), view(before), 0)).toBe(Number(now - before));
});

test.each([0n, 1n, 2n ** 32n, 2n ** 53n - 1n])('%d is read exactly', (value) => {
  expect(unsigned64(view(value), 0)).toBe(Number(value));
});
