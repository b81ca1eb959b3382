// SPDX-License-Identifier: Apache-2.0
import { asSondeError, sondeError } from '@sonde/kit';
import { setTimeout as sleep } from 'node:timers/promises';
import { backOff } from './back-off.ts';
import type { Health } from './health.ts';
import type { Chunk, Delivery, Exporter, PushOptions, Signal } from './types.ts';

/** What is final: delivered, or refused for good. */
export type Settled = Exclude<Delivery, { outcome: 'retry' }>;

export interface SenderServices<Payload> {
  exporter: Exporter<Payload>;
  options: Pick<PushOptions, 'name' | 'timeout'>;
  health: Health;
  /** Fires when the sink stops. */
  stopped: AbortSignal;
}

/** Sends chunks of one signal, again and again until the other end has said yes or no. */
export class Sender<Payload> {
  readonly #signal: Signal;
  readonly #services: SenderServices<Payload>;
  /** Attempts in a row that failed; back-off goes on over what is given up in between. */
  #failures = 0;

  constructor(signal: Signal, services: SenderServices<Payload>) {
    this.#signal = signal;
    this.#services = services;
  }

  /**
   * @param until `performance.now()` at which another attempt is not worth while any more
   * @returns undefined if it was given up: `until` has passed, or the sink stops
   */
  async deliver(chunks: readonly Chunk<Payload>[], until = Infinity): Promise<Settled | undefined> {
    const { health, stopped } = this.#services;
    while (!stopped.aborted) {
      const delivery = await this.#attempt(chunks);
      if (stopped.aborted && delivery.outcome === 'retry') return undefined;
      if (delivery.error) health.failed(this.#signal, delivery.error);
      else health.delivered(this.#signal);
      if (delivery.outcome !== 'retry') {
        this.#failures = 0;
        return delivery;
      }
      const pause = backOff(++this.#failures, delivery.after);
      if (performance.now() + pause > until) return undefined;
      await sleep(pause, undefined, { signal: stopped }).catch(() => {});
    }
    return undefined;
  }

  /** One attempt, which ends in time whatever the exporter does. */
  async #attempt(chunks: readonly Chunk<Payload>[]): Promise<Delivery> {
    const { exporter, options, stopped } = this.#services;
    const abort = new AbortController();
    const ended = Promise.withResolvers<Delivery>();
    const end = (): void => {
      abort.abort();
      ended.resolve(this.#timedOut());
    };
    const timer = setTimeout(end, options.timeout);
    stopped.addEventListener('abort', end);
    try {
      return await Promise.race([exporter.send(this.#signal, chunks, abort.signal), ended.promise]);
    } catch (thrown) {
      return { outcome: 'retry', error: asSondeError(thrown) };
    } finally {
      clearTimeout(timer);
      stopped.removeEventListener('abort', end);
    }
  }

  #timedOut(): Delivery {
    const { exporter, options } = this.#services;
    const values = { sink: options.name, where: exporter.where, seconds: options.timeout / 1000 };
    return { outcome: 'retry', error: sondeError('SONDE_SINK_TIMEOUT', values) };
  }
}
