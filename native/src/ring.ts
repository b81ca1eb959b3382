// SPDX-License-Identifier: Apache-2.0
import { addon, type RingHandle } from './addon.ts';
import type { KernelMap } from './map.ts';
import type { BpfMap, Ring, RingBatch, RingHandler, RingOptions } from './types.ts';

const MAX_BYTES_PER_WAKE = 1 << 20;

/**
 * Reads a map of type `ringbuf`. The handler gets one batch a wake-up, at most 4096 records; what it throws is an uncaught
 * exception, except under {@link Ring.consume}, which passes it on. The ring is closed with its object at the latest.
 * A ring has one reader: two would share its records.
 * @throws `INVALID` if the map is no ring buffer
 */
export function openRing(map: BpfMap, handler: RingHandler, options: RingOptions = {}): Ring {
  const kernelMap = map as KernelMap;
  return kernelMap.use(new MappedRing(kernelMap, handler, options.maxBytesPerWake ?? MAX_BYTES_PER_WAKE));
}

class MappedRing implements Ring {
  readonly #handle: RingHandle;
  readonly #map: KernelMap;

  constructor(map: KernelMap, handler: RingHandler, maxBytesPerWake: number) {
    this.#map = map;
    const batch: RingBatch = { buffer: new Uint8Array(), byteLength: 0, count: 0 };
    const deliver = (buffer: Uint8Array, byteLength: number, count: number) => {
      batch.buffer = buffer;
      batch.byteLength = byteLength;
      batch.count = count;
      handler(batch);
    };
    this.#handle = addon.ring.open(map.handle, deliver, maxBytesPerWake);
  }

  consume(): number {
    return addon.ring.consume(this.#handle);
  }

  close(): void {
    this.#map.release(this);
    addon.ring.close(this.#handle);
  }

  get bytes(): number {
    return addon.ring.bytes(this.#handle);
  }

  get records(): number {
    return addon.ring.records(this.#handle);
  }
}
