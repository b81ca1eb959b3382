// SPDX-License-Identifier: Apache-2.0
import type { OtlpSinkConfig } from '../../../src/config/types.ts';
import { EventBus, type EventRecord, type SpanRecord } from '../../../src/events/index.ts';
import { createSeriesStore, type SeriesOptions, type SeriesStore } from '../../../src/series/index.ts';
import { OtlpExporter } from '../../../src/sinks/otlp/index.ts';
import { PushSink } from '../../../src/sinks/push/index.ts';
import { People } from '../../series/people.ts';

/** A store, events and spans as a host has them, with OTLP sinks that read them. */
export class World implements AsyncDisposable {
  readonly people = new People();
  readonly store: SeriesStore;
  readonly events: EventBus;
  readonly spans: EventBus<SpanRecord>;
  readonly messages: string[] = [];
  readonly #sinks: PushSink<Buffer>[] = [];
  emitted = 0;

  constructor(options: SeriesOptions = { budget: 200_000 }) {
    this.store = createSeriesStore(this.people, options);
    const services = { loss: this.store.loss, settle: () => {} };
    this.events = new EventBus(services);
    this.spans = new EventBus(services);
  }

  /** Starts a sink that exports when told to (`flush` by stopping it), unless `interval` is given. */
  async sink(endpoint: string, config: Partial<OtlpSinkConfig> & { name?: string } = {}): Promise<PushSink<Buffer>> {
    const { name = 'otlp', ...others } = config;
    const whole: OtlpSinkConfig = {
      type: 'otlp',
      endpoint,
      protocol: 'http',
      headers: {},
      compression: 'gzip',
      temporality: 'cumulative',
      interval: 3_600_000,
      timeout: 2000,
      queue: { records: 200_000, bytes: 64 * 1024 * 1024 },
      ...others,
    };
    const log = (_: string, message: string): number => this.messages.push(message);
    const { store, events, spans } = this;
    const exporter = new OtlpExporter(name, whole, this.people);
    const sink = new PushSink(exporter, { ...whole, name }, { store, events, spans, log });
    await sink.start();
    this.#sinks.push(sink);
    return sink;
  }

  emit(event: Partial<EventRecord> = {}): void {
    this.emitted++;
    const common = { probe: 'tcp', name: 'tcp.reset', severity: 'warn', identity: 0, weight: 1 } as const;
    this.events.emit({ ...common, time: Date.now() * 1e6, attributes: { 'sonde.number': this.emitted }, ...event });
  }

  /** What was lost at a sink, by cause. */
  lost(sink = 'otlp'): Record<string, number> {
    const rows = this.store.loss.rows().filter((row) => row.sink === sink && row.count > 0);
    const causes = Map.groupBy(rows, ({ cause }) => cause);
    return Object.fromEntries([...causes].map(([cause, of]) => [cause, of.reduce((sum, { count }) => sum + count, 0)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.stop()));
    this.store.close();
  }
}
