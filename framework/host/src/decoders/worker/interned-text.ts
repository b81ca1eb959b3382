// SPDX-License-Identifier: Apache-2.0
import type { FieldReader } from '@sonde/kit/decoder';
import type { FieldLayout } from '@sonde/kit';

/** A power of two. */
const PLACES = 1024;
/** Longer text is seldom the same twice. */
const MAX_BYTES = 64;

/**
 * The same reader, but for short char arrays it remembers the last strings by their bytes: making a string costs ten
 * times as much as comparing a few words, and records repeat the same names.
 */
export function internedText<Value extends string | number>(
  { kind, offset, size }: FieldLayout,
  read: FieldReader<Value>,
): FieldReader<Value> {
  if ((kind !== 'chars' && kind !== 'comm') || size > MAX_BYTES || size % 4 !== 0) return read;
  const words = size / 4;
  const keys = new Uint32Array(PLACES * words);
  const texts: (Value | undefined)[] = new Array<undefined>(PLACES).fill(undefined);

  return (view, base) => {
    const start = base + offset;
    let hash = 0;
    for (let i = 0; i < words; i++) {
      hash = Math.imul(hash ^ view.getUint32(start + 4 * i, true), 0x9e3779b1);
      hash ^= hash >>> 16;
    }
    const place = hash & (PLACES - 1);
    const text = texts[place];
    if (text !== undefined && sameWords(view, start, keys, place * words, words)) return text;
    for (let i = 0; i < words; i++) keys[place * words + i] = view.getUint32(start + 4 * i, true);
    return (texts[place] = read(view, base));
  };
}

function sameWords(view: DataView, start: number, keys: Uint32Array, at: number, words: number): boolean {
  for (let i = 0; i < words; i++) if (keys[at + i] !== view.getUint32(start + 4 * i, true)) return false;
  return true;
}
