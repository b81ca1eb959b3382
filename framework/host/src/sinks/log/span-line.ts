// SPDX-License-Identifier: Apache-2.0
import type { SpanRecord } from '../../events/index.ts';
import type { Labels } from '../../identity/types.ts';

/** One span as JSON, with the field names of OpenTelemetry; times in RFC 3339, the duration in seconds. */
export function spanLine(span: SpanRecord, labels: Labels): string {
  const { probe, name, traceId, spanId, parentSpanId, kind, start, end, error, attributes, weight } = span;
  return JSON.stringify({
    timestamp: new Date(start / 1e6).toISOString(),
    trace_id: traceId,
    span_id: spanId,
    parent_span_id: parentSpanId,
    span_name: name,
    kind,
    duration: (end - start) / 1e9,
    status: error === undefined ? { code: 'unset' } : { code: 'error', message: error },
    attributes: weight === 1 ? attributes : { ...attributes, 'sonde.span.weight': weight },
    scope: { name: probe },
    resource: Object.fromEntries(labels),
  });
}
