// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from 'node:timers/promises';

/** How long writing may hold the event loop at a time, all sinks together. */
const SLICE_MILLISECONDS = 4;
/** When others last had their turn: one for all, since many short writings in a row are a long one. */
let began = 0;

/**
 * Takes short steps in slices of time, gives way to everything else in between, and hands on what the steps have made.
 */
export async function* paced<Made>(steps: Iterable<Made | undefined>): AsyncGenerator<Made> {
  for (const made of steps) {
    if (made !== undefined) yield made;
    if (performance.now() - began < SLICE_MILLISECONDS) continue;
    await setImmediate();
    began = performance.now();
  }
}
