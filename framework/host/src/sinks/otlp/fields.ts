// SPDX-License-Identifier: Apache-2.0

/** Field numbers of opentelemetry.proto, version 1.11. */

/** `Resource{Metrics,Logs,Spans}`, of which each request is a list in field 1. */
export const OF_RESOURCE = { resource: 1, scopes: 2 };
export const REQUEST = { resources: 1 };
/** `Scope{Metrics,Logs,Spans}` */
export const OF_SCOPE = { scope: 1, records: 2 };
export const SCOPE = { name: 1 };
export const RESOURCE = { attributes: 1 };
export const KEY_VALUE = { key: 1, value: 2 };
export const ANY_VALUE = { string: 1, bool: 2, int: 3, double: 4 };

export const METRIC = { name: 1, description: 2, unit: 3, gauge: 5, sum: 7, exponentialHistogram: 10 };
/** `Gauge`, `Sum`, `ExponentialHistogram` */
export const DATA = { points: 1, temporality: 2, isMonotonic: 3 };
export const TEMPORALITY = { delta: 1, cumulative: 2 };
export const NUMBER_POINT = { start: 2, time: 3, double: 4, exemplars: 5, attributes: 7 };
export const HISTOGRAM_POINT = {
  attributes: 1,
  start: 2,
  time: 3,
  count: 4,
  sum: 5,
  scale: 6,
  zeroCount: 7,
  positive: 8,
  exemplars: 11,
  zeroThreshold: 14,
};
export const BUCKETS = { offset: 1, counts: 2 };
export const EXEMPLAR = { time: 2, double: 3, spanId: 4, traceId: 5 };

export const LOG_RECORD = {
  time: 1,
  severityNumber: 2,
  severityText: 3,
  body: 5,
  attributes: 6,
  observedTime: 11,
  eventName: 12,
};

export const SPAN = {
  traceId: 1,
  spanId: 2,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  start: 7,
  end: 8,
  attributes: 9,
  status: 15,
};
export const SPAN_KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };
export const STATUS = { message: 2, code: 3 };
export const STATUS_ERROR = 2;

/** `Export{Metrics,Logs,Trace}ServiceResponse` and its `partial_success`. */
export const RESPONSE = { partialSuccess: 1 };
export const PARTIAL_SUCCESS = { rejected: 1, message: 2 };

/** google.rpc */
export const RPC_STATUS = { message: 2, details: 3 };
export const ANY = { typeUrl: 1, value: 2 };
export const RETRY_INFO = { delay: 1 };
export const DURATION = { seconds: 1, nanos: 2 };
