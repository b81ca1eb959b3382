// SPDX-License-Identifier: Apache-2.0
import type { Chunk, ChunkQueue, QueueBudget } from './types.ts';

/** Chunks taken off the front before the array is cut. */
const CUT = 1024;

/** A bounded queue that lives as long as the host. */
export class MemoryQueue<Payload> implements ChunkQueue<Payload> {
  readonly #budget: QueueBudget;
  readonly #dropped: (chunk: Chunk<Payload>) => void;
  #waiting: Chunk<Payload>[] = [];
  /** What is before has left. */
  #front = 0;
  #ready = Promise.withResolvers<void>();
  #closed = false;
  records = 0;
  bytes = 0;

  /** @param dropped told of each chunk that had to make room */
  constructor(budget: QueueBudget, dropped: (chunk: Chunk<Payload>) => void) {
    this.#budget = budget;
    this.#dropped = dropped;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  push(chunk: Chunk<Payload>): void {
    this.#count(chunk, 1);
    this.#waiting.push(chunk);
    while (this.#isOver && this.#front < this.#waiting.length) this.#drop();
    if (this.#closed) this.#drop();
    if (this.#front < this.#waiting.length) this.#ready.resolve();
  }

  take(limits: QueueBudget): readonly Chunk<Payload>[] {
    const taken: Chunk<Payload>[] = [];
    let [records, bytes] = [0, 0];
    for (let next = this.#waiting[this.#front]; next; next = this.#waiting[this.#front]) {
      records += recordsOf(next);
      bytes += next.bytes;
      if (taken.length > 0 && (records > limits.records || bytes > limits.bytes)) break;
      taken.push(this.#shift());
    }
    if (this.#front === this.#waiting.length && !this.#closed) this.#ready = Promise.withResolvers();
    return taken;
  }

  settled(chunks: readonly Chunk<Payload>[]): void {
    for (const chunk of chunks) this.#count(chunk, -1);
  }

  close(): readonly Chunk<Payload>[] {
    this.#closed = true;
    this.#ready.resolve();
    const left = this.#waiting.slice(this.#front);
    this.settled(left);
    this.#waiting = [];
    this.#front = 0;
    return left;
  }

  get #isOver(): boolean {
    return this.records > this.#budget.records || this.bytes > this.#budget.bytes;
  }

  #drop(): void {
    const oldest = this.#shift();
    this.#count(oldest, -1);
    this.#dropped(oldest);
  }

  #shift(): Chunk<Payload> {
    const oldest = this.#waiting[this.#front++]!;
    if (this.#front >= CUT && this.#front * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#front);
      this.#front = 0;
    }
    return oldest;
  }

  #count(chunk: Chunk<Payload>, sign: 1 | -1): void {
    this.records += sign * recordsOf(chunk);
    this.bytes += sign * chunk.bytes;
  }
}

/** Records of all probes. */
export function recordsOf({ counts }: Chunk<unknown>): number {
  let records = 0;
  for (const count of counts.values()) records += count;
  return records;
}
