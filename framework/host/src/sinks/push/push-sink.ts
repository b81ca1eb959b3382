// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '@sonde/kit';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventSubscription, Outlet, SpanRecord } from '../../events/index.ts';
import type { SeriesStore } from '../../series/types.ts';
import type { Sink, SinkFlow, SinkState } from '../types.ts';
import { Account } from './account.ts';
import { Health, type Log } from './health.ts';
import { startMetricLane, type MetricLane, type MetricLaneServices } from './metric-lane.ts';
import { QueuedLane, type LaneServices } from './queued-lane.ts';
import type { Chunk, Exporter, PushOptions, Signal } from './types.ts';

/** How long stopping waits for what is owed, ms. */
const LAST_MOMENT = 2000;
/** Events that may come in one breath before they are written. */
const BREATH = 65_536;

export interface PushServices {
  readonly store: Pick<SeriesStore, 'view' | 'refresh' | 'loss'>;
  readonly events: Outlet;
  readonly spans: Outlet<SpanRecord>;
  readonly log: Log;
}

/** What a sink that runs has. */
interface Running<Payload> {
  metrics: MetricLane<Payload> | undefined;
  records: { lane: QueuedLane<Payload>; subscription: EventSubscription }[];
  stop: AbortController;
}

/**
 * A sink that sends by itself: metrics every interval, events and spans as they come. Each signal has a queue and a
 * pace of
 * its own. What it was given is delivered, or counted as lost.
 */
export class PushSink<Payload> implements Sink {
  readonly #exporter: Exporter<Payload>;
  readonly #options: PushOptions;
  readonly #services: PushServices;
  readonly #account: Account;
  readonly #health: Health;
  #running: Running<Payload> | undefined;
  #failure: SondeError | undefined;

  constructor(exporter: Exporter<Payload>, options: PushOptions, services: PushServices) {
    this.#exporter = exporter;
    this.#options = options;
    this.#services = services;
    this.#account = new Account(options.name, services.store.loss);
    this.#health = new Health(options.name, services.log);
  }

  get name(): string {
    return this.#options.name;
  }

  get type(): string {
    return this.#options.type;
  }

  /** @throws what the exporter's `open` throws. Whether the other end answers shows later, in the state. */
  async start(): Promise<void> {
    if (this.#running) return;
    try {
      await this.#exporter.open();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error as SondeError;
      throw error;
    }
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    const { metrics, records, stop } = running;
    const delivered = Promise.all([
      metrics?.flush(),
      ...records.map(({ lane, subscription }) => subscription.close().then(() => lane.drained())),
    ]);
    await Promise.race([delivered, sleep(LAST_MOMENT, undefined, { ref: false })]);
    stop.abort();
    await Promise.all([metrics?.close(), ...records.map(({ lane }) => lane.close())]);
    await this.#exporter.close();
  }

  state(): SinkState {
    const { where } = this.#exporter;
    const error = this.#failure ?? this.#health.error;
    if (!this.#running) return { state: this.#failure ? 'failed' : 'stopped', where, ...(error && { error }) };
    return { state: error ? 'failing' : 'running', where, ...(error && { error }), flow: this.#flow(this.#running) };
  }

  #run(): Running<Payload> {
    const stop = new AbortController();
    const { events, spans, store } = this.#services;
    const exporter = this.#exporter;
    const lanes: LaneServices<Payload> = {
      exporter,
      options: this.#options,
      health: this.#health,
      account: this.#account,
      stopped: stop.signal,
    };
    const { metrics } = exporter;
    return {
      metrics: metrics && startMetricLane({ ...lanes, store } as MetricLaneServices<Payload>),
      records: [
        ...this.#subscribe('events', events, exporter.events?.bind(exporter), lanes),
        ...this.#subscribe('spans', spans, exporter.spans?.bind(exporter), lanes),
      ],
      stop,
    };
  }

  #subscribe<Kind extends { readonly probe: string }>(
    signal: Signal,
    outlet: Outlet<Kind>,
    write: ((records: readonly Kind[]) => Iterable<Chunk<Payload> | undefined>) | undefined,
    services: LaneServices<Payload>,
  ): { lane: QueuedLane<Payload>; subscription: EventSubscription }[] {
    if (!write) return [];
    const lane = new QueuedLane(signal, services);
    const consume = (records: readonly Kind[]): Promise<void> => lane.write(write(records));
    return [{ lane, subscription: outlet.subscribe(this.name, consume, { capacity: BREATH }) }];
  }

  #flow({ metrics, records }: Running<Payload>): SinkFlow {
    const queues = [metrics?.queue, ...records.map(({ lane }) => lane.queue)].filter((queue) => queue !== undefined);
    const early = records.map(({ subscription }) => subscription);
    const { delivered, lost, rate, lastDelivery } = this.#account;
    return {
      queued: sum([...queues.map((queue) => queue.records), ...early.map(({ queued }) => queued)]),
      queuedBytes: sum(queues.map(({ bytes }) => bytes)),
      delivered,
      lost: lost + sum(early.map(({ dropped }) => dropped)),
      rate,
      ...(lastDelivery !== undefined && { lastDelivery: new Date(lastDelivery).toISOString() }),
    };
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
