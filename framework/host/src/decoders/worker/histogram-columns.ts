// SPDX-License-Identifier: Apache-2.0
import { TIME_RANGE, type MetricDefinition } from '../../series/types.ts';
import { histogramIndex, scaler } from '../histogram-index.ts';
import { HISTOGRAM_HEAD as HEAD } from './protocol.ts';

/** Where zero and over are, behind the sum. */
const ZERO = 1;
const OVER = 2;

interface Shape {
  toBase: (value: number) => number;
  offset: number;
  slots: number;
}

/** The histograms that one call has touched. */
export class HistogramColumns {
  readonly #shapes: (Shape | undefined)[];
  /** Row × metrics + metric → where its numbers begin. */
  #places = new Map<number, number>();
  #heads: number[] = [];
  #buckets = new Float64Array(0);
  #used = 0;

  constructor(metrics: readonly MetricDefinition[]) {
    this.#shapes = metrics.map(shapeOf);
  }

  /** @param value in the recorded unit, such as nanoseconds */
  observe(row: number, metric: number, value: number, weight: number): void {
    const shape = this.#shapes[metric]!;
    const at = this.#place(row, metric, HEAD + shape.slots);
    this.#buckets[at]! += value * weight;
    this.#buckets[at + bucketOf(shape, value)]! += weight;
  }

  take(): { histograms: Uint32Array<ArrayBuffer>; buckets: Float64Array<ArrayBuffer> } {
    const taken = { histograms: Uint32Array.from(this.#heads), buckets: this.#buckets.slice(0, this.#used) };
    if (this.#used > 0) {
      this.#buckets.fill(0, 0, this.#used);
      this.#places.clear();
      this.#heads = [];
      this.#used = 0;
    }
    return taken;
  }

  #place(row: number, metric: number, size: number): number {
    const key = row * this.#shapes.length + metric;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const at = this.#used;
    this.#used += size;
    if (this.#used > this.#buckets.length) {
      const larger = new Float64Array(Math.max(this.#used, this.#buckets.length * 2));
      larger.set(this.#buckets);
      this.#buckets = larger;
    }
    this.#places.set(key, at);
    this.#heads.push(row, metric);
    return at;
  }
}

function bucketOf(shape: Shape, value: number): number {
  const base = shape.toBase(value);
  if (base <= 0) return ZERO;
  const slot = histogramIndex(base) - shape.offset;
  if (slot < 0) return ZERO;
  return slot >= shape.slots ? OVER : HEAD + slot;
}

function shapeOf({ type, histogram = TIME_RANGE }: MetricDefinition): Shape | undefined {
  if (type !== 'histogram') return undefined;
  return { toBase: scaler(histogram.sumScale ?? 1), offset: histogram.offset, slots: histogram.slots };
}
