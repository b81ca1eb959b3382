// SPDX-License-Identifier: Apache-2.0

const CHUNK_BYTES = 65_536;
const MOST_KEPT = 32;

/**
 * Buffers that are used again once they were sent: 20 MB of fresh ones a scrape would bring on collections of garbage
 * that each stop the host for 10 ms.
 */
export class ChunkPool {
  readonly #free: ArrayBuffer[] = [];

  /** @param least At least so many bytes; usually there are 64 KiB. */
  take(least = 0): Buffer<ArrayBuffer> {
    const free = least <= CHUNK_BYTES ? this.#free.pop() : undefined;
    return free ? Buffer.from(free) : Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, least));
  }

  /** Nobody looks at the chunk any more. */
  recycle({ buffer }: Uint8Array<ArrayBuffer>): void {
    if (buffer.byteLength === CHUNK_BYTES && this.#free.length < MOST_KEPT) this.#free.push(buffer);
  }
}
