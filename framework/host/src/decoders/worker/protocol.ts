// SPDX-License-Identifier: Apache-2.0
import type { AttributeValue } from '@sonde/kit/decoder';
import type { Severity } from '../../events/types.ts';

/** What the host asks of the worker. Each job is answered, in order, by one `Done` or by one `Failed`. */
export type Job =
  | { type: 'records'; ring: string; buffer: ArrayBuffer; byteLength: number; count: number }
  | SnapshotJob
  | { type: 'tick'; ended: readonly number[] }
  | { type: 'params'; params: Readonly<Record<string, AttributeValue>> };

export interface SnapshotJob {
  type: 'snapshot';
  map: string;
  total: number;
  count: number;
  keys: Uint8Array<ArrayBuffer>;
  values: Uint8Array<ArrayBuffer>;
  previous: Uint8Array<ArrayBuffer>;
  fresh: Uint8Array<ArrayBuffer>;
  slots: Uint32Array<ArrayBuffer>;
  removed: Uint32Array<ArrayBuffer>;
}

export type Answer = Ready | Done | Failed;

export interface Ready {
  type: 'ready';
}

export interface Done {
  type: 'done';
  /** The buffer of a `records` job, to be filled again. */
  buffer?: ArrayBuffer;
  columns?: Columns;
  refused?: Refused;
}

/** The decoder threw: what it emitted in this call is dropped, and the worker ends itself. */
export interface Failed {
  type: 'failed';
  error: string;
}

/** What one call emitted. Typed arrays are transferred. */
export interface Columns {
  /** Number, tgid, exec id, start of processes not spoken of before. */
  processes: Float64Array<ArrayBuffer>;
  entities: EntityColumns[];
  events?: EventColumns;
  spans?: SpanColumns;
}

export interface EntityColumns {
  /** Index in the definition. */
  entity: number;
  /** New rows, numbered on from here; 0 voids all that were known. */
  firstRow: number;
  /** Process number of each new row. */
  rowProcess: Uint32Array<ArrayBuffer>;
  /** Attribute values of the new rows, row by row. */
  rowAttributes: string[];
  /** Rows with new values. */
  rows: Uint32Array<ArrayBuffer>;
  /** Row by row a number for each metric: a delta, or the value of a gauge; NaN = nothing. */
  scalars: Float64Array<ArrayBuffer>;
  /** Row and metric index of each histogram below. */
  histograms: Uint32Array<ArrayBuffer>;
  /** For each: its sum, zero and over, then its slots. */
  buckets: Float64Array<ArrayBuffer>;
  /** In the order in which they were emitted; absent if there are none. */
  exemplars?: ExemplarRow[];
  ended: number[];
}

export interface ExemplarRow {
  row: number;
  /** Index in the definition. */
  metric: number;
  /** In the recorded unit. */
  value: number;
  traceId: string;
  spanId: string;
}

export interface EventColumns {
  /** Index in the definition. */
  kinds: Uint16Array<ArrayBuffer>;
  /** CLOCK_MONOTONIC nanoseconds. */
  times: Float64Array<ArrayBuffer>;
  processes: Uint32Array<ArrayBuffer>;
  weights: Float64Array<ArrayBuffer>;
  severities: (Severity | undefined)[];
  bodies: (string | undefined)[];
  attributes: Record<string, AttributeValue>[];
}

export interface SpanColumns {
  /** Index in the definition. */
  kinds: Uint16Array<ArrayBuffer>;
  /** CLOCK_MONOTONIC nanoseconds, as of `ends`. */
  starts: Float64Array<ArrayBuffer>;
  ends: Float64Array<ArrayBuffer>;
  processes: Uint32Array<ArrayBuffer>;
  weights: Float64Array<ArrayBuffer>;
  names: (string | undefined)[];
  traceIds: string[];
  spanIds: string[];
  parentSpanIds: (string | undefined)[];
  errors: (string | undefined)[];
  attributes: Record<string, AttributeValue>[];
}

export interface Refused {
  undeclared: number;
  invalid: number;
  /** New kinds of refusal, in words. */
  messages: string[];
}

/** Sum, zero, over: what stands before the slots of a histogram. */
export const HISTOGRAM_HEAD = 3;
