// SPDX-License-Identifier: Apache-2.0
import type { Clock } from './clock.ts';
import type { SeriesSet } from './series-set.ts';

/** Series are demoted some at a time, since looking for idle ones takes a walk over all. */
const SHARE_DEMOTED_AT_ONCE = 1 / 16;
const MILLISECONDS_BETWEEN_WALKS = 1000;

/** How many series one probe may have in one view, all of its entities together. */
export class SeriesBudget {
  /** Series in use, overflow series not counted. */
  used = 0;
  readonly sets = new Set<SeriesSet>();
  readonly #limit: () => number;
  readonly #idle: number;
  readonly #clock: Clock;
  readonly #demoted: (n: number) => void;
  #walkedInVain = -Infinity;

  constructor(limit: () => number, idle: number, clock: Clock, demoted: (n: number) => void) {
    this.#limit = limit;
    this.#idle = idle;
    this.#clock = clock;
    this.#demoted = demoted;
  }

  /** Whether there is room for another series, after demoting idle ones if need be. */
  admit(): boolean {
    return this.used < this.#limit() || this.#demoteIdle();
  }

  /** Free places for rows that are in the overflow series, which last changed at `overflowChanged`. */
  room(overflowChanged: number): number {
    const isActive = overflowChanged > this.#clock.now - this.#idle;
    if (this.used >= this.#limit() && isActive) this.#demoteIdle();
    return Math.max(0, this.#limit() - this.used);
  }

  /** Adds the series that have been idle longest to the overflow series. */
  #demoteIdle(): boolean {
    const { now } = this.#clock;
    if (now - this.#walkedInVain < MILLISECONDS_BETWEEN_WALKS) return false;
    const idle = [...this.sets].flatMap((set) => [...set.idle(now - this.#idle)]).sort((a, b) => a.changed - b.changed);
    const chosen = idle.slice(0, Math.max(1, Math.floor(this.#limit() * SHARE_DEMOTED_AT_ONCE)));
    if (chosen.length === 0) this.#walkedInVain = now;
    for (const [set, places] of Map.groupBy(chosen, ({ set }) => set)) {
      set.demote(new Set(places.map(({ series }) => series)));
    }
    this.#demoted(chosen.length);
    return this.used < this.#limit();
  }
}
