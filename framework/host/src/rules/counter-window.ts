// SPDX-License-Identifier: Apache-2.0

/** One series' totals over the last while. */
export class CounterWindow {
  readonly #times: number[];
  readonly #totals: number[];

  constructor(time: number, total: number) {
    this.#times = [time];
    this.#totals = [total];
  }

  /** Takes in the total of now, and forgets what is not needed to tell the rate since `since`. */
  add(total: number, time: number, since: number): void {
    this.#times.push(time);
    this.#totals.push(total);
    while (this.#times.length > 2 && this.#times[1]! <= since) {
      this.#times.shift();
      this.#totals.shift();
    }
  }

  /** What is added a second (times are milliseconds). NaN after one look only. */
  get rate(): number {
    return (1000 * (this.#totals.at(-1)! - this.#totals[0]!)) / (this.#times.at(-1)! - this.#times[0]!);
  }
}
