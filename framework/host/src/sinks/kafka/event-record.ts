// SPDX-License-Identifier: Apache-2.0
import { eventBody, type EventRecord } from '../../events/index.ts';
import type { Labels } from '../../identity/types.ts';
import { recordKey } from '../json/record-key.ts';
import type { KafkaMessage } from './transport.ts';

/** Labels of a process → their JSON; the labels are the same object until they change. */
const written = new WeakMap<Labels, string>();

/** One event as a record. The events of one probe about one process have one key. */
export function eventRecord(event: EventRecord, labels: Labels): KafkaMessage {
  const { probe, name, severity, attributes, weight } = event;
  const timestamp = Math.floor(event.time / 1e6);
  const head = JSON.stringify({
    timestamp: new Date(timestamp).toISOString(),
    event: name,
    probe,
    severity,
    body: eventBody(event),
    attributes,
    weight,
  });
  return { key: recordKey([probe], labels), value: `${head.slice(0, -1)},"labels":${labelsOf(labels)}}`, timestamp };
}

function labelsOf(labels: Labels): string {
  let json = written.get(labels);
  if (json === undefined) written.set(labels, (json = JSON.stringify(Object.fromEntries(labels))));
  return json;
}
