// SPDX-License-Identifier: Apache-2.0

const HIGH = 2 ** 32;

/** An unsigned 8-byte integer; rounded beyond 2^53. Never a BigInt: those cost more and poison what follows. */
export function unsigned64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * HIGH;
}

/**
 * `now − before` of two 8-byte integers, signed or not, exact as long as the difference is below 2^53, though the numbers
 * themselves may be beyond.
 */
export function difference64(now: DataView, before: DataView, offset: number): number {
  const high = now.getInt32(offset + 4, true) - before.getInt32(offset + 4, true);
  return high * HIGH + (now.getUint32(offset, true) - before.getUint32(offset, true));
}
