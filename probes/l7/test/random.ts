// SPDX-License-Identifier: Apache-2.0

/** Numbers from 0 to `below`, the same ones for the same seed (mulberry32). */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A text with some of its characters replaced by any, some taken out and some put in. */
export function mangled(text: string, pick: (below: number) => number): string {
  let result = text;
  for (let i = pick(12); i >= 0; i--) {
    const at = pick(result.length + 1);
    const piece = String.fromCharCode(...Array.from({ length: pick(4) }, () => pick(256)));
    result = result.slice(0, at) + piece + result.slice(at + pick(4));
  }
  return result;
}
