// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';

/** What is touched of kafkajs' `RequestQueue`, version 2.2.4. */
interface RequestQueue {
  pending: unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  scheduleCheckPendingRequests(): void;
}

type Schedule = (this: RequestQueue) => void;
const patched = Symbol.for('sonde.kafkajs.idlePolling');

/**
 * Stops the timer that kafkajs keeps on each connection while nothing waits there. Its queue looks for pending requests
 * after `throttledUntil − now`, which without throttling is negative, so 1 ms, and then starts over: 4 % of a core for
 * an idle producer. Nothing depends on it: a request that has to wait starts the timer itself when it is pushed, and the
 * end of another one takes it up.
 */
export function stopIdlePolling(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as {
    prototype: RequestQueue & { [patched]?: true };
  };
  if (prototype[patched]) return;
  const schedule: Schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
  prototype[patched] = true;
}
