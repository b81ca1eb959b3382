// SPDX-License-Identifier: Apache-2.0
import { scaler } from './scale.ts';
import { TIME_RANGE, type Exemplar, type ExemplarColumn, type MetricDefinition } from './types.ts';

/** Of one entity in one view, all of its series together: about 3 MB. */
const MOST_EXEMPLARS = 10_000;
/** More than there are octaves of a 64-bit float. */
const OCTAVES = 4096;
const NONE: readonly undefined[] = [];

/**
 * The octave that a value ends: (2^(n−1), 2^n] has the number n. What is not positive shares the lowest one.
 */
export function octaveOf(value: number): number {
  return value > 0 ? Math.ceil(Math.log2(value)) : 1 - OCTAVES / 2;
}

/** The newest exemplar of each series: one for a counter, one for each octave of a histogram. */
export class Exemplars {
  readonly #metrics: readonly MetricDefinition[];
  readonly #toUnit: readonly ((recorded: number) => number)[];
  /** By series, and by metric and octave in one number. The series that was added to last stands last. */
  readonly #kept = new Map<number, Map<number, Exemplar>>();
  #size = 0;

  constructor(metrics: readonly MetricDefinition[]) {
    this.#metrics = metrics;
    this.#toUnit = metrics.map(({ type, histogram = TIME_RANGE, scale }) =>
      scaler(type === 'histogram' ? histogram.sumScale : scale),
    );
  }

  /** @param exemplar its value in the recorded unit */
  add(series: number, metric: number, exemplar: Exemplar): void {
    const value = this.#toUnit[metric]!(exemplar.value);
    const octave = this.#metrics[metric]!.type === 'histogram' ? octaveOf(value) : 0;
    this.#keep(series, metric * OCTAVES + octave + OCTAVES / 2, { ...exemplar, value });
    for (const [oldest] of this.#kept) {
      if (this.#size <= MOST_EXEMPLARS) return;
      this.clear(oldest);
    }
  }

  /** Adds one series to another and clears it. */
  move(from: number, to: number): void {
    const moved = this.#kept.get(from);
    if (!moved) return;
    this.clear(from);
    for (const [place, exemplar] of moved) this.#keep(to, place, exemplar);
  }

  clear(series: number): void {
    this.#size -= this.#kept.get(series)?.size ?? 0;
    this.#kept.delete(series);
  }

  /** A copy, by metric. */
  snapshot(): readonly (ExemplarColumn | undefined)[] {
    if (this.#kept.size === 0) return NONE;
    const columns: (Map<number, Exemplar[]> | undefined)[] = [];
    for (const [series, kept] of this.#kept) {
      for (const [place, exemplar] of kept) {
        const column = (columns[Math.floor(place / OCTAVES)] ??= new Map<number, Exemplar[]>());
        const others = column.get(series);
        if (others) others.push(exemplar);
        else column.set(series, [exemplar]);
      }
    }
    return columns;
  }

  #keep(series: number, place: number, exemplar: Exemplar): void {
    const kept = this.#kept.get(series) ?? new Map<number, Exemplar>();
    this.#kept.delete(series);
    this.#kept.set(series, kept);
    const known = kept.get(place);
    if (known && known.time > exemplar.time) return;
    if (!known) this.#size++;
    kept.set(place, exemplar);
  }
}
