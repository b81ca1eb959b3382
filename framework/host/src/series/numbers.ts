// SPDX-License-Identifier: Apache-2.0
import { grown } from './grow.ts';
import { rescale } from './scale.ts';

/** The totals of one counter by series, in the recorded unit. NaN = nothing was ever added. */
export class NumberColumn {
  readonly #scale: number | undefined;
  #totals = new Float64Array(0);

  /** @param scale Takes recorded numbers to the metric's unit. */
  constructor(scale: number | undefined) {
    this.#scale = scale;
  }

  reserve(series: number): void {
    this.#totals = grown(this.#totals, series, NaN);
  }

  add(series: number, delta: number): void {
    const total = this.#totals[series]!;
    this.#totals[series] = Number.isNaN(total) ? delta : total + delta;
  }

  /** Adds one series to another and clears it. */
  move(from: number, to: number): void {
    const moved = this.#totals[from]!;
    if (!Number.isNaN(moved)) this.add(to, moved);
    this.clear(from);
  }

  clear(series: number): void {
    this.#totals[series] = NaN;
  }

  /** A copy of the first `size` series, in the metric's unit. */
  snapshot(size: number): Float64Array {
    return rescale(this.#totals.slice(0, size), this.#scale);
  }
}
