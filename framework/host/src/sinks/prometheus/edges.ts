// SPDX-License-Identifier: Apache-2.0
import type { HistogramRange, HistogramValue } from '../../series/types.ts';

/** One classic bucket: its upper edge, and the slot after its last one. */
export interface Edge {
  le: number;
  slotsBelow: number;
}

/** Classic buckets at the powers of two in the range: an octave each. `+Inf` is not among them. */
export function classicEdges({ scale, offset, slots }: HistogramRange): Edge[] {
  const perOctave = 2 ** scale;
  const below = Array.from({ length: slots + 1 }, (_, slotsBelow) => slotsBelow);
  return below
    .filter((slotsBelow) => (offset + slotsBelow) % perOctave === 0)
    .map((slotsBelow) => ({ le: 2 ** ((offset + slotsBelow) / perOctave), slotsBelow }));
}

/** For each edge: how many observations are at or below it. */
export function cumulativeCounts(edges: readonly Edge[], { zero, slots }: HistogramValue, into: Float64Array): void {
  let count = zero;
  let slot = 0;
  for (let i = 0; i < edges.length; i++) {
    for (const end = edges[i]!.slotsBelow; slot < end; slot++) count += slots[slot]!;
    into[i] = count;
  }
}
