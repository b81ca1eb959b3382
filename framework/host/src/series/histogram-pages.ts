// SPDX-License-Identifier: Apache-2.0
import { capacityFor, grown } from './grow.ts';
import { scaler } from './scale.ts';
import {
  TIME_RANGE,
  type HistogramColumn,
  type HistogramDelta,
  type HistogramRange,
  type HistogramValue,
} from './types.ts';

/** Latencies of one series seldom span more than a few octaves, so slots come in pages that exist only once used. */
const PAGE = 8;

/** A value for `HistogramColumn.read` to fill. */
export function emptyHistogram(range: HistogramRange): HistogramValue {
  return { count: 0, sum: 0, zero: 0, over: 0, slots: new Float64Array(range.slots), first: 0, last: 0 };
}

/** The histograms of one metric by series, in the recorded unit. */
export class HistogramPages {
  readonly range: Required<HistogramRange>;
  readonly #pagesPerSeries: number;
  #present = new Uint8Array(0);
  #zero = new Float64Array(0);
  #over = new Float64Array(0);
  #sum = new Float64Array(0);
  /** By series and page of its range: the page in `#slots`, 0 = none. */
  #pages = new Uint32Array(0);
  #slots = new Float64Array(PAGE);
  #usedPages = 1;
  readonly #freePages: number[] = [];

  constructor(range: HistogramRange = TIME_RANGE) {
    this.range = { sumScale: 1, ...range };
    this.#pagesPerSeries = Math.ceil(range.slots / PAGE);
  }

  reserve(series: number): void {
    this.#present = grown(this.#present, series);
    this.#zero = grown(this.#zero, series);
    this.#over = grown(this.#over, series);
    this.#sum = grown(this.#sum, series);
    this.#pages = grown(this.#pages, series * this.#pagesPerSeries);
  }

  /** Observations beyond the range's last slot belong to `over`, so they are put there. */
  add(series: number, delta: HistogramDelta): void {
    this.#present[series] = 1;
    this.#zero[series]! += delta.zero;
    this.#over[series]! += delta.over;
    this.#sum[series]! += delta.sum;
    for (let i = 0; i < delta.slots.length; i++) {
      const count = delta.slots[i]!;
      if (count === 0) continue;
      const slot = delta.from + i;
      if (slot < this.range.slots) this.#addTo(this.#place(series, slot), count);
      else this.#over[series]! += count;
    }
  }

  /** Adds one series to another and clears it. */
  move(from: number, to: number): void {
    if (!this.#present[from]) return;
    this.#present[to] = 1;
    this.#zero[to]! += this.#zero[from]!;
    this.#over[to]! += this.#over[from]!;
    this.#sum[to]! += this.#sum[from]!;
    for (let index = 0; index < this.#pagesPerSeries; index++) {
      const page = this.#pages[from * this.#pagesPerSeries + index]!;
      if (page === 0) continue;
      const target = this.#place(to, index * PAGE);
      for (let i = 0; i < PAGE; i++) this.#slots[target + i]! += this.#slots[page * PAGE + i]!;
    }
    this.clear(from);
  }

  clear(series: number): void {
    this.#present[series] = 0;
    this.#zero[series] = 0;
    this.#over[series] = 0;
    this.#sum[series] = 0;
    const first = series * this.#pagesPerSeries;
    for (let at = first; at < first + this.#pagesPerSeries; at++) {
      const page = this.#pages[at]!;
      if (page === 0) continue;
      this.#slots.fill(0, page * PAGE, (page + 1) * PAGE);
      this.#freePages.push(page);
      this.#pages[at] = 0;
    }
  }

  /** A copy of the first `size` series. */
  snapshot(size: number): HistogramColumn {
    const pagesPerSeries = this.#pagesPerSeries;
    const present = this.#present.slice(0, size);
    const [zero, over, sum] = [this.#zero.slice(0, size), this.#over.slice(0, size), this.#sum.slice(0, size)];
    const pages = this.#pages.slice(0, size * pagesPerSeries);
    const slots = this.#slots.slice(0, this.#usedPages * PAGE);
    const toUnit = scaler(this.range.sumScale);
    const read = (series: number, into: HistogramValue): boolean => {
      if (!present[series]) return false;
      into.zero = zero[series]!;
      into.over = over[series]!;
      into.sum = toUnit(sum[series]!);
      readSlots(pages, series * pagesPerSeries, slots, into);
      into.count += into.zero + into.over;
      return true;
    };
    return { range: this.range, read };
  }

  /** Pages in use, for what the store says of its own memory. */
  get pages(): number {
    return this.#usedPages - 1 - this.#freePages.length;
  }

  #addTo(place: number, count: number): void {
    this.#slots[place]! += count;
  }

  /** Where a slot is kept; may move all slots to a larger array. */
  #place(series: number, slot: number): number {
    const at = series * this.#pagesPerSeries + Math.floor(slot / PAGE);
    let page = this.#pages[at]!;
    if (page === 0) {
      page = this.#freePages.pop() ?? this.#newPage();
      this.#pages[at] = page;
    }
    return page * PAGE + (slot % PAGE);
  }

  #newPage(): number {
    const page = this.#usedPages++;
    const needed = this.#usedPages * PAGE;
    if (needed > this.#slots.length) this.#slots = grown(this.#slots, capacityFor(needed, this.#slots.length));
    return page;
  }
}

/** Fills in slots, the used range, and the slots' part of `count`. */
function readSlots(pages: Uint32Array, firstPage: number, slots: Float64Array, into: HistogramValue): void {
  const target = into.slots;
  target.fill(0);
  into.count = into.first = into.last = 0;
  for (let slot = 0; slot < target.length; slot++) {
    const page = pages[firstPage + Math.floor(slot / PAGE)]!;
    if (page === 0) {
      slot += PAGE - 1;
      continue;
    }
    const count = slots[page * PAGE + (slot % PAGE)]!;
    if (count === 0) continue;
    target[slot] = count;
    into.count += count;
    if (into.last === 0) into.first = slot;
    into.last = slot + 1;
  }
}
