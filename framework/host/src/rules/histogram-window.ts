// SPDX-License-Identifier: Apache-2.0
import { emptyHistogram } from '../series/index.ts';
import type { HistogramRange, HistogramValue } from '../series/types.ts';

/** What was observed between two looks; slots from `from` on. */
interface Slice {
  time: number;
  sum: number;
  zero: number;
  over: number;
  from: number;
  slots: Float64Array;
}

/** One series' observations over the last while. */
export class HistogramWindow {
  readonly #range: HistogramRange;
  readonly #slices: Slice[] = [];
  #total: HistogramValue;

  /** @param total what was observed before the window began */
  constructor(range: HistogramRange, total?: HistogramValue) {
    this.#range = range;
    this.#total = total ? copy(total) : emptyHistogram(range);
  }

  /** Takes in the totals of now, and forgets what came before `since`. */
  add(total: HistogramValue, time: number, since: number): void {
    const slice = difference(total, this.#total, time);
    if (slice) {
      this.#slices.push(slice);
      this.#total = copy(total);
    }
    while (this.#slices.length > 0 && this.#slices[0]!.time <= since) this.#slices.shift();
  }

  get count(): number {
    return this.#slices.reduce(
      (count, { zero, over, slots }) => slots.reduce((sum, slot) => sum + slot, count + zero + over),
      0,
    );
  }

  /** NaN if nothing was observed, as for `quantile`. */
  get mean(): number {
    return this.#slices.reduce((sum, slice) => sum + slice.sum, 0) / this.count;
  }

  /**
   * In the metric's unit; within a bucket it is placed as if the logarithms of the values were spread evenly. What is
   * over the range counts as its upper end.
   * @param share such as 0.99
   */
  quantile(share: number): number {
    const rank = share * this.count;
    if (!(rank > 0)) return NaN;
    let below = this.#slices.reduce((zero, slice) => zero + slice.zero, 0);
    if (rank <= below) return (this.#edge(0) * rank) / below;
    const slots = this.#merged();
    for (const [slot, count] of slots.entries()) {
      if (rank <= below + count) return this.#edge(slot + (rank - below) / count);
      below += count;
    }
    return this.#edge(slots.length);
  }

  #edge(slot: number): number {
    return 2 ** ((this.#range.offset + slot) / 2 ** this.#range.scale);
  }

  #merged(): Float64Array {
    const merged = new Float64Array(this.#range.slots);
    for (const { from, slots } of this.#slices) slots.forEach((count, i) => (merged[from + i]! += count));
    return merged;
  }
}

function difference(now: HistogramValue, before: HistogramValue, time: number): Slice | undefined {
  if (now.count === before.count) return undefined;
  const slots = now.slots.slice(now.first, now.last);
  slots.forEach((count, i) => (slots[i] = count - before.slots[now.first + i]!));
  return {
    time,
    sum: now.sum - before.sum,
    zero: now.zero - before.zero,
    over: now.over - before.over,
    from: now.first,
    slots,
  };
}

function copy(value: HistogramValue): HistogramValue {
  return { ...value, slots: value.slots.slice() };
}
