// SPDX-License-Identifier: Apache-2.0
import type { LabelSet } from '../../series/types.ts';

/** A third of the arena may be labels of series that are gone before it is written anew. */
const SHARE_OF_WASTE = 1 / 3;

/** The labels of a table's series in the bytes of one format: written once a series, then only copied. */
export class LabelCache {
  /** May be another after `place`. */
  bytes = Buffer.allocUnsafeSlow(4096);
  readonly #encode: (labels: LabelSet) => Uint8Array;
  /** By series. */
  #known: (LabelSet | undefined)[] = [];
  #starts: number[] = [];
  #ends: number[] = [];
  #at = 0;
  #waste = 0;

  constructor(encode: (labels: LabelSet) => Uint8Array) {
    this.#encode = encode;
  }

  /** Makes sure that the labels of a series are there, and says where they begin. */
  start(series: number, labels: LabelSet): number {
    if (this.#known[series] !== labels) this.#write(series, labels);
    return this.#starts[series]!;
  }

  end(series: number): number {
    return this.#ends[series]!;
  }

  #write(series: number, labels: LabelSet): void {
    const encoded = this.#encode(labels);
    if (this.#known[series]) this.#waste += this.#ends[series]! - this.#starts[series]!;
    if (this.#waste > this.#at * SHARE_OF_WASTE) this.#forget();
    if (this.#at + encoded.length > this.bytes.length) this.#grow(this.#at + encoded.length);
    this.bytes.set(encoded, this.#at);
    this.#known[series] = labels;
    this.#starts[series] = this.#at;
    this.#at += encoded.length;
    this.#ends[series] = this.#at;
  }

  /** Every series is written again when it is next asked for. */
  #forget(): void {
    this.#known = [];
    this.#starts = [];
    this.#ends = [];
    this.#at = this.#waste = 0;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.#at));
    this.bytes = larger;
  }
}
