// SPDX-License-Identifier: Apache-2.0
import type { TraceContext } from '@sonde/kit/decoder';

const VERSION_AND_IDS = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const ALL_ZERO = /^0+$/;

/**
 * What a `traceparent` field says, by W3C Trace Context: of a later version as much as version 00 has; undefined for one
 * that is none.
 * @param value without the blanks around it
 */
export function parseTraceparent(value: string): TraceContext | undefined {
  const [, version, traceId, spanId, more] = VERSION_AND_IDS.exec(value) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (ALL_ZERO.test(traceId!) || ALL_ZERO.test(spanId!)) return undefined;
  return { traceId: traceId!, spanId: spanId! };
}
