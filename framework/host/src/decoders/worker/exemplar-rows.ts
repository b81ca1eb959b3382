// SPDX-License-Identifier: Apache-2.0
import { octaveOf } from '../../series/exemplars.ts';
import type { ExemplarRow } from './protocol.ts';

/** The exemplars of one call: of each row, metric and octave the newest, since the table keeps no others. */
export class ExemplarRows {
  #newest = new Map<string, ExemplarRow>();

  add(exemplar: ExemplarRow): void {
    const key = `${exemplar.row} ${exemplar.metric} ${octaveOf(exemplar.value)}`;
    // Put last again: an octave of nanoseconds touches two of seconds, for which the order decides.
    this.#newest.delete(key);
    this.#newest.set(key, exemplar);
  }

  take(): { exemplars?: ExemplarRow[] } {
    if (this.#newest.size === 0) return {};
    const exemplars = [...this.#newest.values()];
    this.#newest = new Map();
    return { exemplars };
  }
}
