// SPDX-License-Identifier: Apache-2.0
import { recordLabels, type SpanRecord } from '../../events/index.ts';
import type { Identity } from '../../identity/types.ts';
import type { Chunk } from '../push/index.ts';
import type { ProtoWriter } from '../protobuf/proto-writer.ts';
import { resourceOf, writeAttribute } from './attributes.ts';
import { byPlace } from './by-place.ts';
import { OF_SCOPE, SPAN, SPAN_KIND, STATUS, STATUS_ERROR } from './fields.ts';
import { RequestWriter } from './request-writer.ts';
import { Timestamps } from './timestamps.ts';

const RECORDS_PER_STEP = 64;

const timestamps = new Timestamps();

/** Spans as they are; what one stands for more than once is in the attribute `sonde.span.weight`. */
export function* spanChunks(
  spans: readonly SpanRecord[],
  identity: Pick<Identity, 'labels'>,
): Generator<Chunk<Buffer> | undefined> {
  const writer = new RequestWriter();
  let steps = 0;
  for (const span of byPlace(spans)) {
    writer.enter(resourceOf(recordLabels(span, identity)), span.probe);
    writeSpan(writer.out, span);
    writer.count(span.probe, 1);
    if (writer.isFull) yield writer.take();
    else if (++steps % RECORDS_PER_STEP === 0) yield undefined;
  }
  yield writer.take();
}

function writeSpan(to: ProtoWriter, span: SpanRecord): void {
  const record = to.open(OF_SCOPE.records);
  to.binary(SPAN.traceId, Buffer.from(span.traceId, 'hex'));
  to.binary(SPAN.spanId, Buffer.from(span.spanId, 'hex'));
  if (span.parentSpanId !== undefined) to.binary(SPAN.parentSpanId, Buffer.from(span.parentSpanId, 'hex'));
  to.string(SPAN.name, span.name.toWellFormed());
  to.uint(SPAN.kind, SPAN_KIND[span.kind]);
  to.fixed64Bytes(SPAN.start, timestamps.ofNanoseconds(span.start));
  to.fixed64Bytes(SPAN.end, timestamps.ofNanoseconds(span.end));
  for (const [name, value] of Object.entries(span.attributes)) writeAttribute(to, SPAN.attributes, name, value);
  if (span.weight !== 1) writeAttribute(to, SPAN.attributes, 'sonde.span.weight', span.weight);
  if (span.error !== undefined) {
    const status = to.open(SPAN.status);
    to.string(STATUS.message, span.error.toWellFormed());
    to.uint(STATUS.code, STATUS_ERROR);
    to.close(status);
  }
  to.close(record);
}
