// SPDX-License-Identifier: Apache-2.0
import { NO_PROCESS, type Process } from '@sonde/kit/decoder';

const WORDS = 4;
const EMPTY = 0;
const GONE = -1;

/**
 * Gives each `struct sonde_process` (four 32-bit words) a number, counting from 1 and never used twice.
 * An open-addressed hash: a look-up allocates nothing.
 */
export class ProcessTable {
  #mask = 1023;
  /** Process numbers by hash; EMPTY or GONE where there is none. */
  #numbers = new Int32Array(this.#mask + 1);
  #keys = new Uint32Array((this.#mask + 1) * WORDS);
  readonly #slotOf = new Map<Process, number>();
  #filled = 0;
  #last = 0;
  #added: number[] = [];

  /** @param view four words at `offset`: tgid, exec_id, start, low word first */
  intern(view: DataView, offset: number): Process {
    const tgid = view.getUint32(offset, true);
    const execId = view.getUint32(offset + 4, true);
    const low = view.getUint32(offset + 8, true);
    const high = view.getUint32(offset + 12, true);
    if ((tgid | execId | low | high) === 0) return NO_PROCESS;
    const keys = this.#keys;
    for (let slot = hash(tgid, execId, low, high) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const number = this.#numbers[slot]!;
      if (number === EMPTY) return this.#insert(slot, tgid, execId, low, high);
      const at = slot * WORDS;
      if (
        number !== GONE &&
        keys[at] === tgid &&
        keys[at + 2] === low &&
        keys[at + 3] === high &&
        keys[at + 1] === execId
      ) {
        return number;
      }
    }
  }

  has(process: Process): boolean {
    return this.#slotOf.has(process);
  }

  forget(process: Process): void {
    const slot = this.#slotOf.get(process);
    if (slot === undefined) return;
    this.#numbers[slot] = GONE;
    this.#slotOf.delete(process);
  }

  /** Number, tgid, exec id and start of each process interned since the last call. */
  takeAdded(): Float64Array<ArrayBuffer> {
    const added = Float64Array.from(this.#added);
    this.#added = [];
    return added;
  }

  #insert(slot: number, tgid: number, execId: number, low: number, high: number): Process {
    const number = ++this.#last;
    const start = high * 2 ** 32 + low;
    this.#added.push(number, tgid, execId, start);
    this.#put(slot, number, tgid, execId, low, high);
    if (++this.#filled * 2 > this.#mask) this.#rebuild();
    return number;
  }

  #put(slot: number, number: Process, ...key: [number, number, number, number]): void {
    this.#numbers[slot] = number;
    this.#keys.set(key, slot * WORDS);
    this.#slotOf.set(number, slot);
  }

  /** Drops what is gone and makes room for as many again as live. */
  #rebuild(): void {
    const keys = this.#keys;
    const live = [...this.#slotOf];
    while (this.#mask < live.length * 4) this.#mask = this.#mask * 2 + 1;
    this.#numbers = new Int32Array(this.#mask + 1);
    this.#keys = new Uint32Array((this.#mask + 1) * WORDS);
    this.#filled = live.length;
    for (const [number, old] of live) {
      const [tgid, execId, low, high] = keys.subarray(old * WORDS, old * WORDS + WORDS) as unknown as Key;
      let slot = hash(tgid, execId, low, high) & this.#mask;
      while (this.#numbers[slot] !== EMPTY) slot = (slot + 1) & this.#mask;
      this.#put(slot, number, tgid, execId, low, high);
    }
  }
}

type Key = [number, number, number, number];

function hash(tgid: number, execId: number, low: number, high: number): number {
  let mixed = Math.imul(tgid ^ (low >>> 15) ^ low, 0x9e3779b1) ^ Math.imul(execId + high, 0x85ebca6b);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
