// SPDX-License-Identifier: Apache-2.0

/**
 * Stamps for changes: milliseconds that never go back, taken anew by `advance` and constant in between, so that a
 * stamp costs nothing where it is written and two moments that must be told apart differ.
 */
export class Clock {
  now = performance.now();

  advance(): number {
    this.now = Math.max(performance.now(), this.now + 0.001);
    return this.now;
  }
}
