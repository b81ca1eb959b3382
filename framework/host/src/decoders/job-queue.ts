// SPDX-License-Identifier: Apache-2.0
import type { Job } from './worker/protocol.ts';

/** A job with what is lost if it is. */
export interface QueuedJob {
  readonly job: Job;
  /** Records, or entries of a snapshot. */
  records: number;
  bytes: number;
  /** `performance.now()` when it came. */
  readonly since: number;
  /** Called when it was applied or lost. */
  readonly settled?: () => void;
}

type RecordsJob = Extract<Job, { type: 'records' }>;

/** Room for several wake-ups, when the decoder falls behind. */
const SMALLEST_BUFFER = 256 * 1024;

/** What waits for a decoder, bounded by bytes. Records are copied into buffers that go round. */
export class JobQueue {
  readonly #maxBytes: number;
  readonly #jobs: QueuedJob[] = [];
  readonly #free: ArrayBuffer[] = [];
  #freeBytes = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that wait or are being worked on. */
  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): QueuedJob | undefined {
    return this.#jobs[0];
  }

  /** Copies a batch of a ring. False if there is no room. */
  pushRecords(ring: string, bytes: Uint8Array, count: number): boolean {
    if (this.#bytes + bytes.byteLength > this.#maxBytes) return false;
    this.#bytes += bytes.byteLength;
    if (!this.#append(ring, bytes, count)) {
      const buffer = this.#takeBuffer(bytes.byteLength);
      new Uint8Array(buffer).set(bytes);
      const job: RecordsJob = { type: 'records', ring, buffer, byteLength: bytes.byteLength, count };
      this.#jobs.push({ job, records: count, bytes: bytes.byteLength, since: performance.now() });
    }
    return true;
  }

  /** Queues another job; one larger than the whole queue is taken only when nothing else waits. */
  push(job: Job, size: { records: number; bytes: number }, settled: () => void): boolean {
    if (this.#bytes > 0 && size.bytes > 0 && this.#bytes + size.bytes > this.#maxBytes) return false;
    this.#bytes += size.bytes;
    this.#jobs.push({ job, ...size, since: performance.now(), settled });
    return true;
  }

  shift(): QueuedJob | undefined {
    return this.#jobs.shift();
  }

  /** The job is done or lost; its buffer may be filled again. */
  settle(queued: QueuedJob, buffer?: ArrayBuffer): void {
    this.#bytes -= queued.bytes;
    if (buffer && this.#freeBytes + buffer.byteLength <= this.#maxBytes) {
      this.#free.push(buffer);
      this.#freeBytes += buffer.byteLength;
    }
    queued.settled?.();
  }

  /**
   * Adds to the last job that waits, if it is of the same ring and has room: small wake-ups then cost one message
   * together.
   */
  #append(ring: string, bytes: Uint8Array, count: number): boolean {
    const last = this.#jobs.at(-1);
    if (last?.job.type !== 'records' || last.job.ring !== ring) return false;
    const { job } = last;
    if (job.byteLength + bytes.byteLength > job.buffer.byteLength) return false;
    new Uint8Array(job.buffer).set(bytes, job.byteLength);
    job.byteLength += bytes.byteLength;
    job.count += count;
    last.records += count;
    last.bytes += bytes.byteLength;
    return true;
  }

  #takeBuffer(size: number): ArrayBuffer {
    const at = this.#free.findIndex((buffer) => buffer.byteLength >= size);
    const [buffer] = at < 0 ? [] : this.#free.splice(at, 1);
    if (buffer) this.#freeBytes -= buffer.byteLength;
    return buffer ?? new ArrayBuffer(Math.max(SMALLEST_BUFFER, 2 ** Math.ceil(Math.log2(size))));
  }
}
