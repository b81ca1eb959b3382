// SPDX-License-Identifier: Apache-2.0

/** How long what happened is remembered, seconds: after that it weighs a third. */
const MEMORY = 30;

/** Occurrences a second over about the last half minute, forgotten exponentially. */
export class Rate {
  #began = performance.now();
  #weight = 0;
  #at = this.#began;

  add(count: number): void {
    this.#fade();
    this.#weight += count;
  }

  now(): number {
    this.#fade();
    const age = (this.#at - this.#began) / 1000;
    // a young rate has had no time to gather its weight
    return age === 0 ? 0 : this.#weight / (MEMORY * (1 - Math.exp(-age / MEMORY)));
  }

  #fade(): void {
    const now = performance.now();
    this.#weight *= Math.exp((this.#at - now) / 1000 / MEMORY);
    this.#at = now;
  }
}
