// SPDX-License-Identifier: Apache-2.0
import { holds, type Bound, type TimedRule } from './timed-rule.ts';

export type AlarmState = 'firing' | 'resolved';

/** Whether the rule fires for one series. */
export class Alarm {
  readonly #rule: Pick<TimedRule, 'for' | 'cooldown'>;
  readonly #bound: Pick<Bound, 'when' | 'until'>;
  /** Since when `when` holds without a break. */
  #since: number | undefined;
  #resolvedAt = -Infinity;
  isFiring = false;

  constructor(rule: Pick<TimedRule, 'for' | 'cooldown'>, bound: Pick<Bound, 'when' | 'until'>) {
    this.#rule = rule;
    this.#bound = bound;
  }

  /**
   * @param value NaN if there is none, which no bound holds for
   * @param now milliseconds
   * @returns what has changed, if anything has
   */
  update(value: number, now: number): AlarmState | undefined {
    return this.isFiring ? this.#resolve(value, now) : this.#fire(value, now);
  }

  #fire(value: number, now: number): AlarmState | undefined {
    if (!holds(this.#bound.when, value)) {
      this.#since = undefined;
      return undefined;
    }
    this.#since ??= now;
    if (now - this.#since < this.#rule.for || now - this.#resolvedAt < this.#rule.cooldown) return undefined;
    this.isFiring = true;
    return 'firing';
  }

  #resolve(value: number, now: number): AlarmState | undefined {
    const { when, until } = this.#bound;
    const isOver = Number.isNaN(value) || (until ? holds(until, value) : !holds(when, value));
    if (!isOver) return undefined;
    this.isFiring = false;
    this.#since = undefined;
    this.#resolvedAt = now;
    return 'resolved';
  }
}
