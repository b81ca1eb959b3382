// SPDX-License-Identifier: Apache-2.0
import { grown } from './grow.ts';
import type { GaugeFold } from './types.ts';

/** The values of one gauge by row, folded by series when somebody reads. */
export class GaugeColumn {
  readonly #fold: GaugeFold;
  /** NaN = none. */
  #values = new Float64Array(0);
  /** For `last`: the order in which rows were set. */
  #order = new Float64Array(0);
  #clock = 0;

  constructor(fold: GaugeFold = 'last') {
    this.#fold = fold;
  }

  reserve(rows: number): void {
    this.#values = grown(this.#values, rows, NaN);
    if (this.#fold === 'last') this.#order = grown(this.#order, rows);
  }

  set(row: number, value: number): void {
    this.#values[row] = value;
    if (this.#fold === 'last') this.#order[row] = ++this.#clock;
  }

  has(row: number): boolean {
    return !Number.isNaN(this.#values[row]!);
  }

  /** @param seriesOf The series of a row with a value, or −1 to leave the row out. */
  foldInto(size: number, rows: number, seriesOf: (row: number) => number): Float64Array<ArrayBuffer> {
    const folded = new Float64Array(size).fill(NaN);
    const order = this.#fold === 'last' ? new Float64Array(size) : undefined;
    for (let row = 0; row < rows; row++) {
      const value = this.#values[row]!;
      if (Number.isNaN(value)) continue;
      const series = seriesOf(row);
      if (series < 0) continue;
      const present = folded[series]!;
      if (Number.isNaN(present) && !order) folded[series] = value;
      else if (order) {
        if (this.#order[row]! <= order[series]!) continue;
        order[series] = this.#order[row]!;
        folded[series] = value;
      } else folded[series] = fold(this.#fold, present, value);
    }
    return folded;
  }
}

function fold(how: GaugeFold, a: number, b: number): number {
  if (how === 'sum') return a + b;
  return how === 'min' ? Math.min(a, b) : Math.max(a, b);
}
