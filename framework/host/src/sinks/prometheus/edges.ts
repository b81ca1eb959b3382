// SPDX-License-Identifier: Apache-2.0
import type { Exemplar, HistogramRange, HistogramValue } from '../../series/types.ts';

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

/** For each edge, and for `+Inf` after them: the newest exemplar that its bucket alone holds. */
export function exemplarsByEdge(edges: readonly Edge[], exemplars: readonly Exemplar[]): (Exemplar | undefined)[] {
  const found = new Array<Exemplar | undefined>(edges.length + 1).fill(undefined);
  for (const exemplar of exemplars) {
    const edge = edges.findIndex(({ le }) => exemplar.value <= le);
    const bucket = edge < 0 ? edges.length : edge;
    if (!found[bucket] || exemplar.time >= found[bucket].time) found[bucket] = exemplar;
  }
  return found;
}

/** Of exemplars in no order. */
export function newestOf(exemplars: readonly Exemplar[]): Exemplar | undefined {
  return exemplars.reduce<Exemplar | undefined>(
    (newest, each) => (newest && newest.time > each.time ? newest : each),
    undefined,
  );
}
