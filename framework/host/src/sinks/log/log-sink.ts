// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { RotationConfig } from '../../config/types.ts';
import { type EventSubscription, type Labelled, logRecord, type Outlet, recordLabels, type SpanRecord } from '../../events/index.ts';
import type { Identity, Labels } from '../../identity/types.ts';
import type { SeriesStore } from '../../series/types.ts';
import type { Sink, SinkState } from '../types.ts';
import { LineWriter } from './line-writer.ts';
import { MetricLines } from './metric-lines.ts';
import { spanLine } from './span-line.ts';

export interface LogSinkOptions {
  /** Its key under `sinks`. */
  name: string;
  /** `stdout`, `stderr` or an absolute path. */
  path: string;
  /** Whether metrics are written too, every `interval` milliseconds. */
  metrics: boolean;
  interval: number;
  rotate?: RotationConfig;
  /** Events that may wait while the output is slow, and spans as many. Default 8192. */
  capacity?: number;
}

export interface LogSinkServices {
  readonly store: Pick<SeriesStore, 'view' | 'refresh'>;
  readonly events: Outlet;
  readonly spans: Outlet<SpanRecord>;
  readonly identity: Pick<Identity, 'labels'>;
}

/** How long stopping waits for an output that takes nothing, ms. */
const LAST_MOMENT = 1000;

/**
 * Writes each event and span as a line of JSON, within a second, and never makes anyone wait. Metrics too, if they are
 * wanted.
 */
export class LogSink implements Sink {
  readonly name: string;
  readonly type = 'log';
  readonly #options: LogSinkOptions;
  readonly #services: LogSinkServices;
  readonly #writer: LineWriter;
  #subscriptions: EventSubscription[] = [];
  #metrics: MetricLines | undefined;

  constructor(options: LogSinkOptions, services: LogSinkServices) {
    const { name: sink, path, rotate } = options;
    this.name = sink;
    this.#options = options;
    this.#services = services;
    this.#writer = new LineWriter({ sink, path, ...(rotate && { rotate }) });
  }

  /** @throws SONDE_SINK_OUTPUT if the file cannot be opened */
  async start(): Promise<void> {
    if (this.#writer.isOpen) return;
    await this.#writer.open();
    const { store, events, spans } = this.#services;
    this.#subscriptions = [this.#subscribe(events, logRecord), this.#subscribe(spans, spanLine)];
    if (this.#options.metrics) this.#metrics = new MetricLines(store, this.#writer, this.#options.interval);
  }

  async stop(): Promise<void> {
    const flushed = Promise.all([
      this.#metrics?.close(),
      ...this.#subscriptions.map((subscription) => subscription.close()),
    ]);
    this.#subscriptions = [];
    this.#metrics = undefined;
    await Promise.race([flushed, sleep(LAST_MOMENT, undefined, { ref: false })]);
    await this.#writer.close();
    await flushed;
  }

  reopen(): Promise<void> {
    return this.#writer.reopen();
  }

  state(): SinkState {
    const where = this.#options.path;
    const error = this.#writer.error && { error: this.#writer.error };
    if (!this.#writer.isOpen) return { state: 'stopped', where, ...error };
    const total = (key: 'queued' | 'delivered' | 'dropped'): number =>
      this.#subscriptions.reduce((sum, subscription) => sum + subscription[key], 0);
    const flow = { queued: total('queued'), delivered: total('delivered'), lost: total('dropped') };
    return { state: error ? 'failing' : 'running', where, ...error, flow };
  }

  #subscribe<Kind extends Labelled & { readonly probe: string }>(
    outlet: Outlet<Kind>,
    lineOf: (record: Kind, labels: Labels) => string,
  ): EventSubscription {
    const { capacity } = this.#options;
    const { identity } = this.#services;
    const write = (records: readonly Kind[]): Promise<void> =>
      this.#writer.write(records.map((record) => `${lineOf(record, recordLabels(record, identity))}\n`).join(''));
    return outlet.subscribe(this.name, write, capacity === undefined ? {} : { capacity });
  }
}
