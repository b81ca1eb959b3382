// SPDX-License-Identifier: Apache-2.0

const FIRST_MILLISECONDS = 500;
const LONGEST_MILLISECONDS = 30_000;
/** What another end may ask for at most, ms: a wrong clock there must not silence a sink for days. */
const LONGEST_ASKED = 300_000;

/**
 * How long to wait before the next attempt, ms: twice as long after each failure, half of it by chance, so that a
 * thousand
 * hosts do not come back at once.
 *
 * @param failures in a row, at least 1
 * @param asked what the other end said that it needs, ms
 */
export function backOff(failures: number, asked = 0): number {
  const longest = Math.min(LONGEST_MILLISECONDS, FIRST_MILLISECONDS * 2 ** (failures - 1));
  return Math.max(Math.min(asked, LONGEST_ASKED), (longest * (1 + Math.random())) / 2);
}
