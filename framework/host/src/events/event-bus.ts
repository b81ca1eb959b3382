// SPDX-License-Identifier: Apache-2.0
import type { LossLedger } from '../series/types.ts';
import { EventQueue } from './event-queue.ts';
import type { Consumer, EventRecord, EventSubscription, SpanRecord, SubscribeOptions } from './types.ts';

export interface EventBusServices {
  readonly loss: Pick<LossLedger, 'declare' | 'add'>;
  /** Makes known every process that the kernel has spoken of; called before events are handed over. */
  settle(): void;
}

/** Causes of loss under stage `sink`; `stopped` is of sinks that keep a queue of their own. */
const SINK_LOSS = ['queue_full', 'refused', 'stopped'] as const;

/**
 * Hands events (or spans) from probes to sinks. A sink that is slow or fails loses events of its own, counted, and
 * delays nobody.
 */
export class EventBus<Kind extends { readonly probe: string } = EventRecord> {
  readonly #services: EventBusServices;
  /** With the name of the sink that each is for. */
  readonly #queues = new Map<EventQueue<Kind>, string>();
  readonly #probes = new Set<string>();

  constructor(services: EventBusServices) {
    this.#services = services;
  }

  /** Makes the losses of a probe that emits events visible at 0. */
  declare(probe: string): void {
    this.#probes.add(probe);
    for (const sink of this.#queues.values()) this.#declareLoss(probe, sink);
  }

  /** Puts the event into the queue of every sink. Never waits, never throws. */
  emit(event: Kind): void {
    for (const queue of this.#queues.keys()) queue.push(event);
  }

  /** @param sink its key under `sinks` in sonde.yaml; one that takes the place of another has the same for a moment */
  subscribe(sink: string, consumer: Consumer<Kind>, options?: SubscribeOptions<Kind>): EventSubscription {
    const queue: EventQueue<Kind> = new EventQueue(
      consumer,
      {
        settle: () => this.#services.settle(),
        dropped: ({ probe }, cause) => this.#services.loss.add(probe, 'sink', cause, 1, sink),
        closing: () => this.#queues.delete(queue),
      },
      options,
    );
    this.#queues.set(queue, sink);
    for (const probe of this.#probes) this.#declareLoss(probe, sink);
    return queue;
  }

  #declareLoss(probe: string, sink: string): void {
    for (const cause of SINK_LOSS) this.#services.loss.declare(probe, 'sink', cause, sink);
  }
}

/** The part of a bus that sinks see. */
export type Outlet<Kind extends { readonly probe: string } = EventRecord> = Pick<EventBus<Kind>, 'subscribe'>;
export type SpanBus = EventBus<SpanRecord>;
