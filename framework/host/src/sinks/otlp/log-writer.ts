// SPDX-License-Identifier: Apache-2.0
import { eventBody, type EventRecord, recordLabels, type Severity } from '../../events/index.ts';
import type { Identity } from '../../identity/types.ts';
import type { Chunk } from '../push/index.ts';
import type { ProtoWriter } from '../protobuf/proto-writer.ts';
import { resourceOf, writeAttribute, writeValue } from './attributes.ts';
import { byPlace } from './by-place.ts';
import { LOG_RECORD, OF_SCOPE } from './fields.ts';
import { RequestWriter } from './request-writer.ts';
import { Timestamps } from './timestamps.ts';

/** The first severity number of each range in the OpenTelemetry log data model. */
const SEVERITY_NUMBER: Record<Severity, number> = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 };
const RECORDS_PER_STEP = 64;

const timestamps = new Timestamps();

/**
 * Events as log records with an event name. What an event stands for more than once is in the attribute
 * `sonde.event.weight`.
 */
export function* logChunks(
  events: readonly EventRecord[],
  identity: Pick<Identity, 'labels'>,
): Generator<Chunk<Buffer> | undefined> {
  const writer = new RequestWriter();
  const observed = Date.now();
  let steps = 0;
  for (const event of byPlace(events)) {
    writer.enter(resourceOf(recordLabels(event, identity)), event.probe);
    writeEvent(writer.out, event, observed);
    writer.count(event.probe, 1);
    if (writer.isFull) yield writer.take();
    else if (++steps % RECORDS_PER_STEP === 0) yield undefined;
  }
  yield writer.take();
}

function writeEvent(to: ProtoWriter, event: EventRecord, observed: number): void {
  const { severity, attributes, weight } = event;
  const record = to.open(OF_SCOPE.records);
  to.fixed64Bytes(LOG_RECORD.time, timestamps.ofNanoseconds(event.time));
  to.fixed64Bytes(LOG_RECORD.observedTime, timestamps.ofMilliseconds(observed));
  to.uint(LOG_RECORD.severityNumber, SEVERITY_NUMBER[severity]);
  to.string(LOG_RECORD.severityText, severity.toUpperCase());
  to.string(LOG_RECORD.eventName, event.name);
  const text = eventBody(event);
  if (text !== undefined) {
    const body = to.open(LOG_RECORD.body);
    writeValue(to, text);
    to.close(body);
  }
  for (const [name, value] of Object.entries(attributes)) writeAttribute(to, LOG_RECORD.attributes, name, value);
  if (weight !== 1) writeAttribute(to, LOG_RECORD.attributes, 'sonde.event.weight', weight);
  to.close(record);
}
