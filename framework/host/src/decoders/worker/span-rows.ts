// SPDX-License-Identifier: Apache-2.0
import { NO_PROCESS, type AttributeValue, type EmittedSpan, type TraceContext } from '@sonde/kit/decoder';
import type { DecoderSpan } from '../types.ts';
import { declaredAttributes } from './declared-attributes.ts';
import type { SpanColumns } from './protocol.ts';
import type { Refusals } from './refusals.ts';
import { newSpanId, newTraceId, traceIds } from './trace-ids.ts';

interface Row {
  readonly kind: number;
  readonly span: EmittedSpan;
  readonly attributes: Record<string, AttributeValue>;
  readonly parent: TraceContext | undefined;
}

/** The spans of one call. */
export class SpanRows {
  readonly #byName: ReadonlyMap<string, { index: number; attributes: ReadonlySet<string> }>;
  readonly #refusals: Refusals;
  #rows: Row[] = [];

  constructor(spans: readonly DecoderSpan[], refusals: Refusals) {
    this.#byName = new Map(
      spans.map(({ name, attributes }, index) => [name, { index, attributes: new Set(attributes) }]),
    );
    this.#refusals = refusals;
  }

  push(name: string, span: EmittedSpan): void {
    const declared = this.#byName.get(name);
    if (declared === undefined) return this.#refusals.undeclared(`span '${name}' is not declared in the manifest`);
    if (!(span.start >= 0 && span.end >= span.start && span.end < Infinity)) {
      return this.#refusals.invalid(`a span '${name}' ends before it starts, or has no such time`);
    }
    const attributes = declaredAttributes(`span '${name}'`, declared.attributes, span.attributes, this.#refusals);
    if (attributes === undefined) return;
    const parent = span.parent && traceIds(span.parent);
    if (span.parent && !parent) {
      this.#refusals.say(`the parent of a span '${name}' has ids other than 32 and 16 hexadecimal digits`);
    }
    this.#rows.push({ kind: declared.index, span, attributes, parent });
  }

  take(): SpanColumns | undefined {
    if (this.#rows.length === 0) return undefined;
    const rows = this.#rows;
    this.#rows = [];
    return {
      kinds: Uint16Array.from(rows, ({ kind }) => kind),
      starts: Float64Array.from(rows, ({ span }) => span.start),
      ends: Float64Array.from(rows, ({ span }) => span.end),
      processes: Uint32Array.from(rows, ({ span }) => span.process ?? NO_PROCESS),
      weights: Float64Array.from(rows, ({ span }) => span.weight ?? 1),
      names: rows.map(({ span }) => span.name),
      traceIds: rows.map(({ parent }) => parent?.traceId ?? newTraceId()),
      spanIds: rows.map(() => newSpanId()),
      parentSpanIds: rows.map(({ parent }) => parent?.spanId),
      errors: rows.map(({ span }) => span.error),
      attributes: rows.map(({ attributes }) => attributes),
    };
  }
}
