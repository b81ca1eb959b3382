// SPDX-License-Identifier: Apache-2.0
import type { AttributeValue } from '@sonde/kit/decoder';
import type { Labels } from '../identity/types.ts';

export type Severity = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Who an event or span is about. */
export interface Labelled {
  /** `IdentityId` of the process that it was seen in; 0 = none. */
  readonly identity: number;
  /** What the rules of a sink made of the labels of identity; absent: they left them as they are. */
  readonly labels?: Labels;
}

/** A record that is not a series: something that happened, once, to a process or to the machine. */
export interface EventRecord extends Labelled {
  readonly probe: string;
  /** OpenTelemetry event name, e.g. `tcp.reset`. */
  readonly name: string;
  /** Nanoseconds since 1970 (exact to 256 ns). */
  readonly time: number;
  readonly severity: Severity;
  /** Text, or a template whose `{attribute}` are filled in by `eventBody` when a sink asks. */
  readonly body?: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** How many events this one stands for. */
  readonly weight: number;
}

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** One operation with a beginning and an end, such as a request, as OpenTelemetry's traces have it. */
export interface SpanRecord extends Labelled {
  readonly probe: string;
  readonly name: string;
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits, as of `parentSpanId`, which is absent at the root of a trace. */
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: SpanKind;
  /** Nanoseconds since 1970 (exact to 256 ns), as of `end`. */
  readonly start: number;
  readonly end: number;
  /** Absent: it did not fail. The text says why it did. */
  readonly error?: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** How many spans this one stands for. */
  readonly weight: number;
}

/**
 * What a sink does with records. While the promise is pending no more come; then they wait in the sink's bounded queue.
 * If it throws, the records count as refused, without those that a thrown `PartlyDelivered` says were taken.
 */
export type Consumer<Kind> = (records: readonly Kind[]) => void | Promise<void>;
export type EventConsumer = Consumer<EventRecord>;

export interface SubscribeOptions<Kind = EventRecord> {
  /** Which records the sink is to have at all; the others are not lost. Default: all. */
  wants?(record: Kind): boolean;
  /**
   * What becomes of a record once its process is known, before the sink gets it; undefined: the sink is not to have it,
   * which is no loss. Default: it stays as it is.
   */
  prepare?(record: Kind): Kind | undefined;
  /** Events that may wait; what comes beyond is dropped and counted. Default 8192. */
  capacity?: number;
  /** Events handed over at once. Default 512. */
  batch?: number;
}

export interface EventSubscription {
  readonly queued: number;
  readonly delivered: number;
  readonly dropped: number;
  /** Hands over what is queued and resolves when the consumer is done. */
  flush(): Promise<void>;
  /** Flushes, then takes no more. */
  close(): Promise<void>;
}
