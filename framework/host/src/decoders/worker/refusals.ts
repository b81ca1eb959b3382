// SPDX-License-Identifier: Apache-2.0
import type { Refused } from './protocol.ts';

const MAX_MESSAGES = 100;

/** Counts what the emitter did not take, and keeps one message for each kind of it. */
export class Refusals {
  #undeclared = 0;
  #invalid = 0;
  #messages: string[] = [];
  readonly #known = new Set<string>();

  undeclared(message: string): void {
    this.#undeclared++;
    this.say(message);
  }

  invalid(message: string): void {
    this.#invalid++;
    this.say(message);
  }

  take(): Refused | undefined {
    if (this.#undeclared + this.#invalid + this.#messages.length === 0) return undefined;
    const refused = { undeclared: this.#undeclared, invalid: this.#invalid, messages: this.#messages };
    this.#undeclared = 0;
    this.#invalid = 0;
    this.#messages = [];
    return refused;
  }

  /** Tells once, counts nothing. */
  say(message: string): void {
    if (this.#known.has(message) || this.#known.size >= MAX_MESSAGES) return;
    this.#known.add(message);
    this.#messages.push(message);
  }
}
