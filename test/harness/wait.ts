// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** Milliseconds until it is given up. Default 10 000. */
  timeout?: number;
  /** Milliseconds between two tries. Default 20. */
  every?: number;
}

/** On a slow machine: how many times longer than elsewhere everything may take. */
const STRETCH = Number(process.env.PATIENCE ?? 1);

/**
 * Asks again until `probe` returns something truthy, and resolves with that.
 *
 * @param what what is awaited, for the message of the error
 * @throws Error after the timeout, with the last error of `probe` as its cause
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  { timeout = 10_000, every = 20 }: WaitOptions = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeout * STRETCH;
  let cause: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeout * STRETCH} ms in vain: ${what}`, { cause });
    await sleep(every);
  }
}
