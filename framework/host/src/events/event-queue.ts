// SPDX-License-Identifier: Apache-2.0
import { PartlyDelivered } from './partly-delivered.ts';
import type { Consumer, EventSubscription, SubscribeOptions } from './types.ts';

const DEFAULT_CAPACITY = 8192;
const DEFAULT_BATCH = 512;
/** How long an event waits for company and for its process to become known. */
const DELAY_MILLISECONDS = 100;

export interface QueueHooks<Kind> {
  /** Called before events are handed over. */
  settle(): void;
  dropped(record: Kind, cause: 'queue_full' | 'refused'): void;
  /** No more events are to be pushed. */
  closing(): void;
}

/** The events that wait for one sink. It never makes the emitter wait: what finds no room is dropped and counted. */
export class EventQueue<Kind> implements EventSubscription {
  readonly #consumer: Consumer<Kind>;
  readonly #hooks: QueueHooks<Kind>;
  readonly #capacity: number;
  readonly #batch: number;
  readonly #wants: (record: Kind) => boolean;
  readonly #prepare: SubscribeOptions<Kind>['prepare'];
  #events: Kind[] = [];
  #timer: NodeJS.Timeout | undefined;
  #draining: Promise<void> | undefined;
  delivered = 0;
  dropped = 0;

  constructor(consumer: Consumer<Kind>, hooks: QueueHooks<Kind>, options: SubscribeOptions<Kind> = {}) {
    this.#consumer = consumer;
    this.#hooks = hooks;
    this.#capacity = options.capacity ?? DEFAULT_CAPACITY;
    this.#batch = options.batch ?? DEFAULT_BATCH;
    this.#wants = options.wants ?? (() => true);
    this.#prepare = options.prepare;
  }

  get queued(): number {
    return this.#events.length;
  }

  push(event: Kind): void {
    if (!this.#wants(event)) return;
    if (this.#events.length >= this.#capacity) return this.#drop([event], 'queue_full');
    this.#events.push(event);
    if (this.#timer === undefined && this.#draining === undefined) {
      this.#timer = setTimeout(() => void this.flush(), DELAY_MILLISECONDS);
    }
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await (this.#draining ??= this.#drain().finally(() => (this.#draining = undefined)));
  }

  async close(): Promise<void> {
    this.#hooks.closing();
    await this.flush();
  }

  async #drain(): Promise<void> {
    while (this.#events.length > 0) {
      this.#hooks.settle();
      const batch = this.#prepared(this.#events.splice(0, this.#batch));
      try {
        await this.#consumer(batch);
        this.delivered += batch.length;
      } catch (thrown) {
        const delivered = thrown instanceof PartlyDelivered ? thrown.delivered : 0;
        this.delivered += delivered;
        this.#drop(batch.slice(delivered), 'refused');
      }
    }
  }

  #prepared(events: Kind[]): Kind[] {
    const prepare = this.#prepare;
    return prepare ? events.map((event) => prepare(event)).filter((event) => event !== undefined) : events;
  }

  #drop(events: readonly Kind[], cause: 'queue_full' | 'refused'): void {
    this.dropped += events.length;
    for (const event of events) this.#hooks.dropped(event, cause);
  }
}
