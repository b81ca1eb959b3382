// SPDX-License-Identifier: Apache-2.0
import type { AttributeValue } from '@sonde/kit/decoder';
import type { BtfType } from '@sonde/native';
import type { EventRecord, Severity, SpanKind, SpanRecord } from '../events/types.ts';
import type { Identity } from '../identity/types.ts';
import type { EntityDefinition, EntityTable, LossLedger } from '../series/types.ts';

/** An event that a decoder may emit, from the manifest. */
export interface DecoderEvent {
  readonly name: string;
  readonly severity: Severity;
  readonly body?: string;
  readonly attributes: readonly string[];
}

/** A kind of span that a decoder may emit, from the manifest. */
export interface DecoderSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: readonly string[];
}

/** All that one decoder needs to run; plain data, since it crosses into the worker. */
export interface DecoderDefinition {
  readonly probe: string;
  /** Absolute path of the package's `dist/decoder.js`. */
  readonly file: string;
  /** `BpfObject.btf.types`. */
  readonly btf: readonly BtfType[];
  /** BTF ids of keys and values of the object's maps. */
  readonly maps: Readonly<Record<string, { keyType?: number; valueType?: number }>>;
  /** Entities with `source: { decoder: true }`. */
  readonly entities: readonly EntityDefinition[];
  /** Events with `source: { decoder: true }`. */
  readonly events: readonly DecoderEvent[];
  readonly spans: readonly DecoderSpan[];
  readonly params: Readonly<Record<string, AttributeValue>>;
}

/** What the runner needs of the host. */
export interface DecoderServices {
  /** For each of the definition's entities: its table. */
  readonly tables: readonly EntityTable[];
  readonly identity: Pick<Identity, 'process' | 'settle' | 'ended' | 'on' | 'off'>;
  readonly loss: Pick<LossLedger, 'declare' | 'add'>;
  emit(event: EventRecord): void;
  emitSpan(span: SpanRecord): void;
  /** CLOCK_REALTIME − CLOCK_MONOTONIC, nanoseconds. */
  clockOffset(): number;
}

export interface DecoderLimits {
  /** The worker's heap; as much again in buffers outside of it. Default 128 MiB. */
  heapBytes: number;
  /** Records and snapshots that may wait for the worker. Default 16 MiB. */
  queueBytes: number;
  /** How long one batch may take before the worker is ended. Default 5000 ms. */
  batchMilliseconds: number;
  /** How long loading the decoder may take. Default 10000 ms. */
  startMilliseconds: number;
  /**
   * Wait before the first restart; doubles with each failure up to 30 s, forgotten after a minute without one. Default
   * 100 ms.
   */
  restartMilliseconds: number;
}

export type DecoderState = 'starting' | 'running' | 'waiting' | 'stopped';

export interface DecoderStats {
  readonly state: DecoderState;
  /** Batches and records applied. */
  readonly batches: number;
  readonly records: number;
  /** Records (entries of a snapshot) lost in this room. */
  readonly lost: number;
  readonly restarts: number;
  /** Bytes that wait for the worker. */
  readonly queuedBytes: number;
  /** Age of the oldest batch that is not yet applied. */
  readonly lagMilliseconds: number;
  /** CPU time of the worker thread, all restarts together. */
  readonly cpuMilliseconds: number;
  readonly heapBytes: number;
  /** Why it last failed. */
  readonly error?: string;
}

/** Causes under stage `decoder` of the loss ledger, all present at 0 from the first scrape. */
export const DECODER_LOSS = ['queue_full', 'error', 'timeout', 'memory', 'undeclared', 'invalid'] as const;
export type DecoderLossCause = (typeof DECODER_LOSS)[number];
