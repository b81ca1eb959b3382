// SPDX-License-Identifier: Apache-2.0
import type { Account } from './account.ts';
import { MemoryQueue } from './memory-queue.ts';
import { paced } from './paced.ts';
import { Sender, type SenderServices } from './sender.ts';
import type { Chunk, ChunkQueue, PushOptions, Signal } from './types.ts';

export interface LaneServices<Payload> extends SenderServices<Payload> {
  options: PushOptions;
  account: Account;
}

/**
 * One signal that is owed in full: what is written waits in a queue until it was delivered, refused, or had to make
 * room.
 */
export class QueuedLane<Payload> {
  readonly queue: ChunkQueue<Payload>;
  readonly #services: LaneServices<Payload>;
  readonly #sender: Sender<Payload>;
  readonly #sending: Promise<void>;
  /** Who waits until nothing is owed. */
  #waiting: (() => void)[] = [];

  constructor(signal: Signal, services: LaneServices<Payload>) {
    const { options, account } = services;
    this.#services = services;
    this.queue = new MemoryQueue(options.queue, (chunk) => account.lose([chunk], 'queue_full'));
    this.#sender = new Sender(signal, services);
    this.#sending = this.#send();
  }

  /** Takes over what the steps write, without stalling the event loop. */
  async write(steps: Iterable<Chunk<Payload> | undefined>): Promise<void> {
    for await (const chunk of paced(steps)) this.queue.push(chunk);
  }

  /** Resolves once nothing is owed. Pending while the other end does not take what there is. */
  drained(): Promise<void> {
    if (this.queue.records === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Counts what is left as lost. The sink's `stopped` must have fired. */
  async close(): Promise<void> {
    this.#services.account.lose(this.queue.close(), 'stopped');
    await this.#sending;
  }

  async #send(): Promise<void> {
    const { exporter, stopped } = this.#services;
    while (!stopped.aborted) {
      await this.queue.ready;
      const chunks = this.queue.take(exporter.limits);
      if (chunks.length > 0) await this.#settle(chunks);
    }
  }

  async #settle(chunks: readonly Chunk<Payload>[]): Promise<void> {
    const { account } = this.#services;
    const delivery = await this.#sender.deliver(chunks);
    if (delivery === undefined) account.lose(chunks, 'stopped');
    else if (delivery.outcome === 'refused') account.lose(chunks, 'refused');
    else account.deliver(chunks, delivery.refused);
    this.queue.settled(chunks);
    if (this.queue.records === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
