// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import type { ServerResponse } from 'node:http';
import type { EventRecord, EventSubscription, Outlet } from '../events/index.ts';
import type { Identity } from '../identity/types.ts';
import type { LossLedger } from '../series/types.ts';
import { matchesGlob } from '../targets/glob.ts';
import { EventStream } from './event-stream.ts';

/** Where the loss of slow clients is counted; no sink of sonde.yaml can have this name. */
const SINK = '/v1/events';
const MOST_CLIENTS = 32;
/** Proxies and clients give up on a connection that says nothing, ms. */
const SIGN_OF_LIFE = 15_000;

export interface EventStreamServices {
  readonly events: Outlet;
  readonly identity: Pick<Identity, 'labels'>;
  readonly loss: Pick<LossLedger, 'add'>;
}

/** What a client wants to see: everything, where a list is empty. */
export interface EventFilter {
  probes: readonly string[];
  /** Globs. */
  names: readonly string[];
}

/** The clients that follow events over REST. Without any, it costs nothing. */
export class EventStreams {
  readonly #streams = new Set<EventStream>();
  #services: EventStreamServices | undefined;
  #subscription: EventSubscription | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Events come from now on; clients may have come before. */
  open(services: EventStreamServices): void {
    this.#services = services;
    if (this.#streams.size > 0) this.#subscribe();
  }

  /**
   * @returns what makes an answer a stream
   * @throws SONDE_EVENTS_BUSY
   */
  follow(filter: EventFilter): (response: ServerResponse) => void {
    const count = this.#streams.size;
    if (count >= MOST_CLIENTS) throw sondeError('SONDE_EVENTS_BUSY', { count });
    const wants = wanted(filter);
    return (response) => this.#add(new EventStream(response, wants, (event) => this.#lost(event)), response);
  }

  /** Ends all streams. */
  async close(): Promise<void> {
    this.#services = undefined;
    const subscription = this.#unsubscribe();
    for (const stream of this.#streams) stream.end();
    await subscription?.close();
  }

  #add(stream: EventStream, response: ServerResponse): void {
    this.#streams.add(stream);
    this.#subscribe();
    response.on('close', () => {
      this.#streams.delete(stream);
      if (this.#streams.size === 0) void this.#unsubscribe()?.close();
    });
  }

  #subscribe(): void {
    if (!this.#services || this.#subscription) return;
    const { events, identity } = this.#services;
    this.#subscription = events.subscribe(SINK, (batch) => {
      for (const event of batch) {
        for (const stream of this.#streams) stream.push(event, identity.labels(event.identity));
      }
    });
    this.#timer = setInterval(() => this.#streams.forEach((stream) => stream.ping()), SIGN_OF_LIFE).unref();
  }

  #unsubscribe(): EventSubscription | undefined {
    clearInterval(this.#timer);
    const subscription = this.#subscription;
    this.#subscription = undefined;
    return subscription;
  }

  #lost({ probe }: EventRecord): void {
    this.#services?.loss.add(probe, 'sink', 'queue_full', 1, SINK);
  }
}

function wanted({ probes, names }: EventFilter): (event: EventRecord) => boolean {
  const globs = names.map((name) => matchesGlob(name));
  return ({ probe, name }) =>
    (probes.length === 0 || probes.includes(probe)) && (globs.length === 0 || globs.some((matches) => matches(name)));
}
