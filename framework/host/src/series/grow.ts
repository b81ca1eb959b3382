// SPDX-License-Identifier: Apache-2.0

type Growable =
  Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** A copy with room for `capacity` elements, the new ones set to `fill`. */
export function grown<A extends Growable>(array: A, capacity: number, fill = 0): A {
  const larger = new (array.constructor as new (length: number) => A)(capacity);
  larger.set(array);
  if (fill !== 0) larger.fill(fill, array.length);
  return larger;
}

/** The next capacity that holds `needed` elements: doubled, so that growing is rare. */
export function capacityFor(needed: number, current: number): number {
  return Math.max(needed, 16, current * 2);
}
