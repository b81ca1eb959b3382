// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from 'node:timers/promises';
import type { Chunk } from './byte-writer.ts';

/** How long the writing may hold the event loop at a time, all readers together. */
const SLICE_MILLISECONDS = 2;
let writing = 0;

/** Takes short steps in slices of time, and gives way to everything else in between. */
export async function* inSlices(steps: Iterable<readonly Chunk[]>): AsyncGenerator<Chunk> {
  writing++;
  try {
    let began = performance.now();
    for (const chunks of steps) {
      yield* chunks;
      if (performance.now() - began < SLICE_MILLISECONDS / writing) continue;
      await setImmediate();
      began = performance.now();
    }
  } finally {
    writing--;
  }
}
