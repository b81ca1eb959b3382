// SPDX-License-Identifier: Apache-2.0
import type { Labels } from '../identity/types.ts';
import { eventBody } from './event-body.ts';
import type { EventRecord, Severity } from './types.ts';

/** The first severity number of each range in the OpenTelemetry log data model. */
const SEVERITY_NUMBER: Record<Severity, number> = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 };

/** Labels of a process → JSON; the labels are the same object until they change. */
const resources = new WeakMap<Labels, string>();

/**
 * One event as JSON, with the field names of an OpenTelemetry log record. What an event stands for more than
 * once is in the attribute `sonde.event.weight`.
 */
export function logRecord(event: EventRecord, labels: Labels): string {
  const { weight, severity } = event;
  const head = JSON.stringify({
    timestamp: timestamp(event.time),
    severity_text: severity.toUpperCase(),
    severity_number: SEVERITY_NUMBER[severity],
    event_name: event.name,
    body: eventBody(event),
    attributes: weight === 1 ? event.attributes : { ...event.attributes, 'sonde.event.weight': weight },
    scope: { name: event.probe },
  });
  return `${head.slice(0, -1)},"resource":${resource(labels)}}`;
}

/** RFC 3339 with microseconds. */
function timestamp(nanoseconds: number): string {
  const milliseconds = Math.floor(nanoseconds / 1e6);
  const microseconds = Math.floor((nanoseconds % 1e6) / 1e3);
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${String(microseconds).padStart(3, '0')}Z`;
}

function resource(labels: Labels): string {
  let json = resources.get(labels);
  if (json === undefined) resources.set(labels, (json = JSON.stringify(Object.fromEntries(labels))));
  return json;
}
