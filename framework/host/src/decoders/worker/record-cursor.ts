// SPDX-License-Identifier: Apache-2.0
import type { RecordBatch } from '@sonde/kit/decoder';

/** Bytes before each record: its length and a reserved word. */
const FRAME = 8;

/** Walks over the framed records of one buffer. `struct sonde_event` is u64 time, u32 kind, u32 weight. */
export class RecordCursor implements RecordBatch {
  readonly ring: string;
  readonly view: DataView;
  readonly count: number;
  offset = 0;
  length = 0;
  #next = 0;
  readonly #end: number;

  constructor(ring: string, bytes: Uint8Array, count: number) {
    this.ring = ring;
    this.count = count;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.byteLength;
  }

  next(): boolean {
    if (this.#next >= this.#end) return false;
    this.length = this.view.getUint32(this.#next, true);
    this.offset = this.#next + FRAME;
    this.#next = this.offset + ((this.length + 7) & ~7);
    return true;
  }

  get time(): number {
    return this.view.getUint32(this.offset, true) + this.view.getUint32(this.offset + 4, true) * 2 ** 32;
  }

  get kind(): number {
    return this.view.getUint32(this.offset + 8, true);
  }

  get weight(): number {
    return this.view.getUint32(this.offset + 12, true) || 1;
  }
}
