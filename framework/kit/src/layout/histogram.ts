// SPDX-License-Identifier: Apache-2.0
import type { Btf } from '@sonde/native';
import { resolvePath } from './resolve.ts';
import type { FieldLayout } from './types.ts';

/** Where the parts of a histogram lie, in bytes from the start of the type that its path began in; each is a u64. */
export interface HistogramLayout {
  sum: number;
  zero: number;
  over: number;
  /** The first slot; the others follow. */
  slots: number;
  count: number;
  /** The range in powers of two of the unit: seconds or bytes. */
  range: { from: number; to: number };
  /** What `sum` is multiplied by to reach the unit. */
  sumScale: number;
}

/** Four slots to a power of two. */
const slotsPerOctave = 4;

/** Layout of a field of type `sonde_histogram_t` or `sonde_size_histogram_t`; undefined for any other. */
export function histogramLayout(btf: Btf, field: FieldLayout): HistogramLayout | undefined {
  if (field.kind !== 'histogram' && field.kind !== 'sizeHistogram') return undefined;
  const at = (name: string): FieldLayout => resolvePath(btf, field.type, name);
  const { offset, count } = at('slots');
  const from = field.kind === 'histogram' ? -20 : 0;
  return {
    sum: field.offset + at('sum').offset,
    zero: field.offset + at('zero').offset,
    over: field.offset + at('over').offset,
    slots: field.offset + offset,
    count,
    range: { from, to: from + count / slotsPerOctave },
    sumScale: field.kind === 'histogram' ? 1e-9 : 1,
  };
}
