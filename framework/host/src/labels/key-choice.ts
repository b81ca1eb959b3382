// SPDX-License-Identifier: Apache-2.0
import { matchesGlob } from '../targets/glob.ts';

/** Which keys are wanted, by patterns as in shells. */
export class KeyChoice {
  #text = '';
  #patterns: readonly ((key: string) => boolean)[] = [];
  readonly #known = new Map<string, boolean>();

  constructor(patterns: readonly string[]) {
    this.set(patterns);
  }

  /** Returns whether that is another choice. */
  set(patterns: readonly string[]): boolean {
    const text = JSON.stringify(patterns);
    if (text === this.#text) return false;
    this.#text = text;
    this.#patterns = patterns.map(matchesGlob);
    this.#known.clear();
    return true;
  }

  has(key: string): boolean {
    let isWanted = this.#known.get(key);
    if (isWanted === undefined) this.#known.set(key, (isWanted = this.#patterns.some((matches) => matches(key))));
    return isWanted;
  }
}
