// SPDX-License-Identifier: Apache-2.0
import { sondeError, type SondeError } from '@sonde/kit';
import type { KafkaSinkConfig } from '../../config/types.ts';
import { type EventRecord, recordLabels } from '../../events/index.ts';
import type { Identity } from '../../identity/types.ts';
import type { EntityDefinition, TableSnapshot } from '../../series/types.ts';
import type { Chunk, Delivery, Exporter, MetricExport, Signal } from '../push/types.ts';
import { Chunker, BATCH_BYTES, BATCH_MESSAGES, type KafkaPayload } from './chunker.ts';
import { eventRecord } from './event-record.ts';
import { KafkaFailure } from './failure.ts';
import { lanesOf, type Batch } from './lanes.ts';
import { metricRecords } from '../json/metric-records.ts';
import { connectionOf } from './open-connection.ts';
import { ReconnectingTransport } from './reconnecting-transport.ts';
import { schemaRecord } from './schema-record.ts';
import { MAX_IN_FLIGHT, type KafkaMessage, type KafkaTransport } from './transport.ts';

/** Records written before the event loop may be given to others: each takes microseconds. */
const STEP = 50;
/** How long a reader may have to wait for the schema of an entity, ms. */
const SCHEMA_INTERVAL = 600_000;

/** When an entity's schema was acknowledged, by the definition that it was made from. */
type Announced = WeakMap<EntityDefinition, number>;

/** Writes series, events and schemas as JSON records, and hands them to a cluster. */
export class KafkaExporter implements Exporter<KafkaPayload> {
  readonly where: string;
  readonly limits = { records: MAX_IN_FLIGHT * BATCH_MESSAGES, bytes: MAX_IN_FLIGHT * BATCH_BYTES };
  readonly #name: string;
  readonly #config: KafkaSinkConfig;
  readonly #identity: Pick<Identity, 'labels'>;
  readonly #announced: Announced = new WeakMap();
  /** Schemas on their way. */
  readonly #announcing = new Map<KafkaMessage, EntityDefinition>();
  /** Messages that the cluster has, of chunks of which it has not all. */
  readonly #done = new WeakSet<KafkaMessage>();
  #transport: KafkaTransport | undefined;

  /** @param name key of the sink in sonde.yaml */
  constructor(name: string, config: KafkaSinkConfig, identity: Pick<Identity, 'labels'>) {
    this.#name = name;
    this.#config = config;
    this.#identity = identity;
    this.where = `kafka://${config.brokers.join(',')}`;
  }

  /** @throws SONDE_SINK_TLS_FILE, SONDE_FILE_UNREADABLE */
  async open(): Promise<void> {
    this.#transport = new ReconnectingTransport(await connectionOf(this.#name, this.#config));
  }

  async close(): Promise<void> {
    await this.#transport?.close();
    this.#transport = undefined;
  }

  *events(events: readonly EventRecord[]): Iterable<Chunk<KafkaPayload> | undefined> {
    const chunker = new Chunker(this.#config.topics.events);
    for (const [i, event] of events.entries()) {
      const full = chunker.add(eventRecord(event, recordLabels(event, this.#identity)), event.probe);
      if (full || i % STEP === 0) yield full;
    }
    yield chunker.take();
  }

  *metrics({ snapshot, since }: MetricExport): Iterable<Chunk<KafkaPayload> | undefined> {
    yield this.#schemas(snapshot.tables, snapshot.time);
    const before = new Map(since?.tables.map((table) => [table.definition, table]));
    const chunker = new Chunker(this.#config.topics.metrics);
    for (const table of snapshot.tables) {
      let step = 0;
      for (const message of metricRecords(table, before.get(table.definition), snapshot.time)) {
        const full = message && chunker.add(message, table.definition.probe);
        if (full || step++ % STEP === 0) yield full;
      }
    }
    yield chunker.take();
  }

  async send(_: Signal, chunks: readonly Chunk<KafkaPayload>[], abort: AbortSignal): Promise<Delivery> {
    const lanes = lanesOf(
      chunks.map(({ payload }) => payload),
      (message) => this.#done.has(message),
    );
    const outcomes = await Promise.all(lanes.map((lane) => this.#sendLane(lane, abort)));
    const failed = outcomes.find(({ failure }) => failure);
    if (failed) return { outcome: 'retry', error: failed.failure! };
    const refused = outcomes.reduce((sum, outcome) => sum + outcome.refused, 0);
    const error = outcomes.find((outcome) => outcome.error)?.error;
    return { outcome: 'delivered', ...(refused > 0 && { refused }), ...(error && { error }) };
  }

  /** Up to the first batch that is to be sent again. */
  async #sendLane(lane: readonly Batch[], abort: AbortSignal): Promise<LaneOutcome> {
    const outcome: LaneOutcome = { refused: 0 };
    for (const { topic, messages } of lane) {
      try {
        await this.#transport!.send(topic, messages, abort);
        this.#acknowledged(messages);
      } catch (thrown) {
        const error = this.#explain(thrown, topic);
        if (!(thrown instanceof KafkaFailure) || thrown.reason !== 'refused') return { ...outcome, failure: error };
        outcome.refused += messages.length;
        outcome.error = error;
      }
      for (const message of messages) this.#done.add(message);
    }
    return outcome;
  }

  /** The schemas that no reader has been told of late. */
  #schemas(tables: readonly TableSnapshot[], now: number): Chunk<KafkaPayload> | undefined {
    this.#announcing.clear();
    const chunker = new Chunker(this.#config.topics.metadata);
    for (const { definition } of tables) {
      if (now - (this.#announced.get(definition) ?? -Infinity) < SCHEMA_INTERVAL) continue;
      const message = schemaRecord(definition, this.#config.temporality, now);
      this.#announcing.set(message, definition);
      chunker.add(message, undefined);
    }
    return chunker.take();
  }

  #acknowledged(messages: readonly KafkaMessage[]): void {
    for (const message of messages) {
      const definition = this.#announcing.get(message);
      if (definition) this.#announced.set(definition, message.timestamp);
    }
  }

  #explain(thrown: unknown, topic: string): SondeError {
    const { brokers, driver } = this.#config;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const values = { sink: this.#name, brokers: brokers.join(', '), topic, driver, reason };
    const cause = thrown instanceof KafkaFailure ? CODES[thrown.reason] : 'SONDE_KAFKA_UNAVAILABLE';
    return sondeError(cause, values, { cause: thrown });
  }
}

interface LaneOutcome {
  /** Messages that the cluster does not take, for good, and why. */
  refused: number;
  error?: SondeError;
  /** Why the rest of the lane was not sent. */
  failure?: SondeError;
}

const CODES = {
  driver: 'SONDE_KAFKA_DRIVER',
  unreachable: 'SONDE_KAFKA_UNREACHABLE',
  credentials: 'SONDE_KAFKA_CREDENTIALS',
  certificate: 'SONDE_KAFKA_TLS',
  topic: 'SONDE_KAFKA_TOPIC',
  timeout: 'SONDE_KAFKA_UNAVAILABLE',
  refused: 'SONDE_KAFKA_REFUSED',
  unavailable: 'SONDE_KAFKA_UNAVAILABLE',
} as const;
