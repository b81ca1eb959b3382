// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { resolveSink } from '../../src/config/resolve-sink.ts';
import type { KafkaSinkConfig } from '../../src/config/types.ts';
import type { EventRecord } from '../../src/events/index.ts';
import type { Labels } from '../../src/identity/types.ts';
import { compileRelabelling, type RelabelStep } from '../../src/series/index.ts';
import { KafkaExporter } from '../../src/sinks/kafka/index.ts';
import { recordLabelling } from '../../src/sinks/labelled-record.ts';

const identity: Labels = new Map<string, string | number>([
  ['process.executable.name', 'nginx'],
  ['process.pid', 77],
  ['k8s.namespace.name', 'shop'],
]);
const attributes = { 'server.port': 443, 'tcp.failed': true };
const event: EventRecord = {
  probe: 'tcp',
  name: 'tcp.reset',
  time: 1,
  severity: 'warn',
  identity: 1,
  attributes,
  weight: 1,
};

function labelling(steps: RelabelStep[], constants: Record<string, string> = {}) {
  const relabel = compileRelabelling(constants, steps);
  return recordLabelling<EventRecord>((probe) => (probe === 'tcp' ? relabel : undefined), 'sonde.event.name', { labels: () => identity });
}

/** Attributes and labels of the event, or undefined if it is left out. */
function labelled(steps: RelabelStep[], constants: Record<string, string> = {}) {
  const found = labelling(steps, constants)(event);
  return found && { attributes: found.attributes, labels: Object.fromEntries(found.labels!) };
}

const plain = { attributes, labels: Object.fromEntries(identity) };

test('rules read attributes of the record, of identity, its probe and its name; what is absent is empty', () => {
  const drop = (from: string[], regex: string) => labelled([{ action: 'drop', from, regex }]);
  expect(drop(['server.port', 'tcp.failed', 'process.pid'], '443;true;77')).toBeUndefined();
  expect(drop(['sonde.probe', 'sonde.event.name'], 'tcp;tcp\\.reset')).toBeUndefined();
  expect(drop(['no.such', 'sonde.span.name'], ';')).toBeUndefined();
  expect(drop(['k8s.namespace.name'], 'sho')).toEqual(plain);
  expect(labelled([{ action: 'keep', from: ['k8s.namespace.name'], regex: 'bank' }])).toBeUndefined();
});

test('`replace` writes where the name is: on the record, or in what identity says; a new one on the record', () => {
  const replace = (from: string, to: string, value?: string): RelabelStep => ({ action: 'replace', from: [from], to, ...(value !== undefined && { value }) });
  expect(labelled([replace('k8s.namespace.name', 'k8s.namespace.name', 'team-$1')])).toEqual({ ...plain, labels: { ...plain.labels, 'k8s.namespace.name': 'team-shop' } });
  expect(labelled([replace('server.port', 'server_port', 'https')])).toEqual({ ...plain, attributes: { ...attributes, 'server.port': 'https' } });
  expect(labelled([replace('k8s.namespace.name', 'namespace')])).toEqual({ ...plain, attributes: { ...attributes, namespace: 'shop' } });
  expect(labelled([replace('process.pid', 'process.pid', ''), replace('server.port', 'server.port', '')])).toEqual({
    attributes: { 'tcp.failed': true },
    labels: { 'process.executable.name': 'nginx', 'k8s.namespace.name': 'shop' },
  });
});

test('labels of one\'s own come first, and rules see what those before them wrote', () => {
  const steps: RelabelStep[] = [
    { action: 'replace', from: ['team', 'process.executable.name'], regex: '(.*);(.*)', to: 'process.executable.name', value: '$1-$2' },
    { action: 'keep', from: ['process.executable.name'], regex: 'web-nginx' },
  ];
  expect(labelled(steps, { team: 'web' })).toEqual({
    attributes: { ...attributes, team: 'web' },
    labels: { ...plain.labels, 'process.executable.name': 'web-nginx' },
  });
});

test('a record of a probe without rules is the same object; what rules made of one process is too', () => {
  const label = labelling([{ action: 'replace', from: ['process.pid'], to: 'process.pid', value: '' }]);
  const other = { ...event, probe: 'io' };
  expect(label(other)).toBe(other);
  expect(label(event)!.labels).toBe(label({ ...event, time: 2 })!.labels);
});

test('a record for Kafka has the labels that rules have made', () => {
  const config = resolveSink('kafka', { type: 'kafka', brokers: ['127.0.0.1:9092'] }, String) as KafkaSinkConfig;
  const kafka = new KafkaExporter('kafka', config, { labels: () => identity });
  const record = labelling([{ action: 'replace', from: ['k8s.namespace.name'], to: 'k8s.namespace.name', value: 'bank' }], { team: 'web' })(event)!;
  const [chunk] = [...kafka.events([record])].filter((step) => step !== undefined);
  expect(JSON.parse(chunk!.payload.messages[0]!.value)).toMatchObject({ attributes: { team: 'web' }, labels: { 'k8s.namespace.name': 'bank', 'process.pid': 77 } });
});
