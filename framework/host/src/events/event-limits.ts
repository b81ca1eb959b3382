// SPDX-License-Identifier: Apache-2.0
import { parseDuration, type EventKind } from '@sonde/kit';
import type { EventRecord } from './types.ts';

/** Causes under stage `events` of the loss ledger. */
export type LimitLoss = 'rate_limited' | 'duplicate';

/** Equal events of one kind that are remembered; beyond it the oldest is forgotten, and its next one passes. */
const REMEMBERED = 10_000;

/** Holds the events of one probe to what its manifest allows of each kind. */
export class EventLimits {
  readonly #limits: ReadonlyMap<string, { bucket: TokenBucket | undefined; recent: Recent | undefined }>;

  constructor(kinds: Readonly<Record<string, Pick<EventKind, 'rateLimit' | 'deduplicate'>>> = {}) {
    const limited = Object.entries(kinds).filter(([, { rateLimit, deduplicate }]) => rateLimit ?? deduplicate);
    this.#limits = new Map(
      limited.map(([name, { rateLimit, deduplicate }]) => [
        name,
        { bucket: rateLimit && new TokenBucket(rateLimit), recent: deduplicate && new Recent(deduplicate) },
      ]),
    );
  }

  /** What can be lost here. */
  get causes(): LimitLoss[] {
    const limits = [...this.#limits.values()];
    return [
      ...(limits.some(({ bucket }) => bucket) ? (['rate_limited'] as const) : []),
      ...(limits.some(({ recent }) => recent) ? (['duplicate'] as const) : []),
    ];
  }

  /** @returns why the event may not pass, if it may not */
  check(event: EventRecord, now: number): LimitLoss | undefined {
    const limits = this.#limits.get(event.name);
    if (limits?.recent?.has(event, now)) return 'duplicate';
    if (limits?.bucket?.take(now) === false) return 'rate_limited';
    limits?.recent?.add(event, now);
    return undefined;
  }
}

/** Full at first; reckoned as `sonde_allow` of the kit does. Times are milliseconds. */
class TokenBucket {
  readonly #interval: number;
  readonly #burst: number;
  /** Up to when the tokens taken pay. */
  #paidUntil = -Infinity;

  constructor({ perSecond, burst = Math.max(1, Math.ceil(perSecond)) }: NonNullable<EventKind['rateLimit']>) {
    this.#interval = 1000 / perSecond;
    this.#burst = burst;
  }

  take(now: number): boolean {
    const paidUntil = Math.max(this.#paidUntil, now - this.#interval * this.#burst);
    if (paidUntil + this.#interval > now) return false;
    this.#paidUntil = paidUntil + this.#interval;
    return true;
  }
}

/** The events of one kind that passed of late. */
class Recent {
  readonly #by: readonly string[];
  readonly #within: number;
  /** By key: when it passed, the oldest first. */
  readonly #passed = new Map<string, number>();

  constructor({ by, within }: NonNullable<EventKind['deduplicate']>) {
    this.#by = by;
    this.#within = parseDuration(within)! / 1e6;
  }

  has(event: EventRecord, now: number): boolean {
    const passed = this.#passed.get(this.#key(event));
    return passed !== undefined && now - passed < this.#within;
  }

  add(event: EventRecord, now: number): void {
    const key = this.#key(event);
    this.#passed.delete(key);
    this.#passed.set(key, now);
    for (const [oldest, passed] of this.#passed) {
      if (now - passed < this.#within && this.#passed.size <= REMEMBERED) break;
      this.#passed.delete(oldest);
    }
  }

  #key({ identity, attributes }: EventRecord): string {
    return JSON.stringify([identity, ...this.#by.map((name) => attributes[name] ?? null)]);
  }
}
