// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import type { TraceContext } from '@sonde/kit/decoder';

/** Not all zero, which W3C Trace Context reserves for none. */
const TRACE_ID = /^(?!0+$)[0-9a-f]{32}$/i;
const SPAN_ID = /^(?!0+$)[0-9a-f]{16}$/i;

/** The ids in lower case; undefined if they are none. */
export function traceIds({ traceId, spanId }: TraceContext): TraceContext | undefined {
  if (!TRACE_ID.test(traceId) || !SPAN_ID.test(spanId)) return undefined;
  return { traceId: traceId.toLowerCase(), spanId: spanId.toLowerCase() };
}

export const newTraceId = (): string => randomId(16);
export const newSpanId = (): string => randomId(8);

function randomId(bytes: number): string {
  const id = randomBytes(bytes);
  return id.every((byte) => byte === 0) ? randomId(bytes) : id.toString('hex');
}
