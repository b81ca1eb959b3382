// SPDX-License-Identifier: Apache-2.0
import type { ChunkPool } from './chunk-pool.ts';

export type Chunk = Uint8Array<ArrayBuffer>;

const [ZERO, MINUS] = [48, 45];

/** Writes text and numbers into chunks of about 64 KiB, without making strings of them. */
export class ByteWriter {
  readonly #pool: ChunkPool;
  #chunk: Buffer<ArrayBuffer>;
  #at = 0;
  #full: Chunk[] = [];

  constructor(pool: ChunkPool) {
    this.#pool = pool;
    this.#chunk = pool.take();
  }

  /** The chunks that are full. */
  take(): Chunk[] {
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** All that is left; the writer is not used again. */
  finish(): Chunk[] {
    return [...this.take(), this.#chunk.subarray(0, this.#at)];
  }

  /** Takes over chunks that another writer wrote. */
  append(chunks: readonly Chunk[]): void {
    this.#flush();
    this.#full.push(...chunks);
  }

  /** For text that may hold any character and is written seldom. */
  text(text: string): void {
    this.copy(Buffer.from(text), 0, Buffer.byteLength(text));
  }

  copy(source: Uint8Array, from: number, to: number): void {
    const at = this.#reserve(to - from);
    const chunk = this.#chunk;
    // A loop, since what is copied is short: a call into native code costs more.
    for (let i = from, target = at; i < to; i++, target++) chunk[target] = source[i]!;
    this.#at = at + to - from;
  }

  byte(value: number): void {
    const at = this.#reserve(1);
    this.#chunk[at] = value;
    this.#at = at + 1;
  }

  double(value: number): void {
    const at = this.#reserve(8);
    this.#chunk.writeDoubleLE(value, at);
    this.#at = at + 8;
  }

  /** A number as both text formats and JavaScript write it, but `+Inf`. */
  number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < 1e9) this.#integer(value);
    else this.ascii(value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value));
  }

  ascii(text: string): void {
    const at = this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#chunk[at + i] = text.charCodeAt(i);
    this.#at = at + text.length;
  }

  #integer(value: number): void {
    let rest = Math.abs(value);
    let digits = 1;
    for (let bound = 10; bound <= rest; bound *= 10) digits++;
    const at = this.#reserve(digits + 1);
    let end = at + digits;
    if (value < 0) {
      this.#chunk[at] = MINUS;
      end++;
    }
    for (let target = end - 1, i = 0; i < digits; i++, target--) {
      this.#chunk[target] = ZERO + (rest % 10);
      rest = (rest / 10) | 0;
    }
    this.#at = end;
  }

  /** Where the next `length` bytes go. */
  #reserve(length: number): number {
    if (this.#at + length > this.#chunk.length) this.#flush(length);
    return this.#at;
  }

  #flush(next = 0): void {
    this.#full.push(this.#chunk.subarray(0, this.#at));
    this.#chunk = this.#pool.take(next);
    this.#at = 0;
  }
}
