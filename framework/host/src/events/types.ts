// SPDX-License-Identifier: Apache-2.0
import type { AttributeValue } from '@sonde/kit/decoder';

export type Severity = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** A record that is not a series: something that happened, once, to a process or to the machine. */
export interface EventRecord {
  readonly probe: string;
  /** OpenTelemetry event name, e.g. `tcp.reset`. */
  readonly name: string;
  /** Nanoseconds since 1970 (exact to 256 ns). */
  readonly time: number;
  readonly severity: Severity;
  /** Text, or a template whose `{attribute}` are filled in by `eventBody` when a sink asks. */
  readonly body?: string;
  /** `IdentityId`; 0 = none. */
  readonly identity: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** How many events this one stands for. */
  readonly weight: number;
}

/**
 * What a sink does with events. While the promise is pending no more come; then they wait in the sink's bounded queue.
 * If it throws, the events count as refused, without those that a thrown `PartlyDelivered` says were taken.
 */
export type EventConsumer = (events: readonly EventRecord[]) => void | Promise<void>;

export interface SubscribeOptions {
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
