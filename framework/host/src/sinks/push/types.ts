// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '@sonde/kit';
import type { EventRecord, SpanRecord } from '../../events/types.ts';
import type { ViewSnapshot } from '../../series/types.ts';

/** The three streams that a push sink sends. Each has its own pace: one that is refused does not hold up another. */
export type Signal = 'metrics' | 'events' | 'spans';

/**
 * Records that were written and wait to be sent together; what a queue holds. A chunk is small: at most
 * {@link CHUNK_RECORDS} records and about {@link CHUNK_BYTES}.
 */
export interface Chunk<Payload> {
  /** Records (or data points) by probe: whose loss it is if they do not arrive. */
  readonly counts: ReadonlyMap<string, number>;
  /** Size of the payload, of which the budget of a queue is made. */
  readonly bytes: number;
  readonly payload: Payload;
}

export const CHUNK_RECORDS = 2000;
export const CHUNK_BYTES = 1024 * 1024;

/** The series of one interval. */
export interface MetricExport {
  readonly snapshot: ViewSnapshot;
  /**
   * Delta temporality: the snapshot that the differences start from, absent at the first export. A series is the same
   * in
   * both if its `LabelSet` is the same object at the same index of the table with the same `definition`.
   */
  readonly since?: ViewSnapshot;
}

/** How the other end took what was sent. */
export type Delivery =
  /** It has them, but for the number that it says it did not take, for good (OTLP's partial success). */
  | { outcome: 'delivered'; refused?: number; error?: SondeError }
  /** It would refuse them again: they are counted as lost. */
  | { outcome: 'refused'; error: SondeError }
  /** Not now: they are sent again, after `after` milliseconds if the other end said so, else after a growing delay. */
  | { outcome: 'retry'; error: SondeError; after?: number };

/**
 * What is particular to one kind of push sink: how records are written, and how they are sent. It knows no queues, no
 * retries and no loss; `PushSink` does.
 *
 * The three writers are generators of short steps (well under a millisecond): a chunk whenever one is full, and
 * `undefined` where the event loop may be given to others. They must be drained before the next one is asked for.
 */
export interface Exporter<Payload> {
  /** Where it sends, for people: `http://127.0.0.1:4318`. */
  readonly where: string;
  /** Chunks sent at once: at most so many records and bytes. At least one chunk is sent. */
  readonly limits: { readonly records: number; readonly bytes: number };
  /** Absent: the sink takes no events. As for spans. */
  events?(events: readonly EventRecord[]): Iterable<Chunk<Payload> | undefined>;
  spans?(spans: readonly SpanRecord[]): Iterable<Chunk<Payload> | undefined>;
  /** All labels of identity, one Resource or record per process, container or host. */
  metrics?(exported: MetricExport): Iterable<Chunk<Payload> | undefined>;
  /** Reads certificates and the like. Must not need the other end: that may come up later. @throws SondeError */
  open(): Promise<void>;
  /**
   * Sends chunks of one signal, in their order. At most one call for each signal is pending. `abort` fires after the
   * sink's time-out and when it stops; the result does not matter then. A throw counts as `retry`.
   */
  send(signal: Signal, chunks: readonly Chunk<Payload>[], abort: AbortSignal): Promise<Delivery>;
  close(): Promise<void>;
}

/** How a push sink goes about it; from sonde.yaml. */
export interface PushOptions {
  /** Its key under `sinks`; the label `sink` of its losses. */
  name: string;
  type: string;
  /** Time between two exports of metrics, ms. */
  interval: number;
  /** How long one attempt to send may take, ms. */
  timeout: number;
  /** What may wait, for each signal that is owed in full. */
  queue: QueueBudget;
  /**
   * `cumulative`: only the newest totals are owed, so they wait in no queue. `delta`: each interval is owed, and waits
   * as
   * events do.
   */
  temporality: 'cumulative' | 'delta';
}

export interface QueueBudget {
  records: number;
  bytes: number;
}

/**
 * What is owed to a sink and waits. In memory for now; a queue on disk fits behind the same calls, since writing may
 * lag
 * behind `push`, and what was taken counts as owed until it is `settled`.
 */
export interface ChunkQueue<Payload> {
  /** Records and bytes that wait or were taken and are not settled. */
  readonly records: number;
  readonly bytes: number;
  /** Resolves once something waits, or the queue is closed. */
  readonly ready: Promise<void>;
  /** Adds at the end. Beyond the budget the oldest that wait are dropped, and reported as lost. */
  push(chunk: Chunk<Payload>): void;
  /** The oldest, in order, at most so many records and bytes but at least one chunk. Empty if nothing waits. */
  take(limits: QueueBudget): readonly Chunk<Payload>[];
  /** These were taken, and were delivered or given up. */
  settled(chunks: readonly Chunk<Payload>[]): void;
  /** Takes no more. Returns what still waits. */
  close(): readonly Chunk<Payload>[];
}

/** Causes under stage `sink` of the loss ledger. */
export type PushLoss =
  /** The queue was full: the oldest went. */
  | 'queue_full'
  /** The other end did not take them, for good. */
  | 'refused'
  /** The sink was stopped before it could deliver them. */
  | 'stopped';
