// SPDX-License-Identifier: Apache-2.0
// docs/reference/metrics.md: what each probe of the repository emits, from its manifest.
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { familyName, labelName } from '../../framework/host/src/sinks/prometheus/names.ts';
import { code, page, table } from './markdown.mjs';

const introduction = `What each probe emits. Names are those of OpenTelemetry, with their names in a Prometheus scrape; a histogram
has three series there (\`_bucket\`, \`_sum\`, \`_count\`), or is one native histogram. All series carry the attributes of their
process beside those named here.`;

export async function metricReference(root) {
  const files = ['probes/*/probe.yaml', 'test/packages/*/probe.yaml'].flatMap((pattern) =>
    globSync(pattern, { cwd: root }).sort(),
  );
  const probes = await Promise.all(files.map((file) => section(root, file)));
  return {
    file: 'docs/reference/metrics.md',
    text: page('Metrics and events', 'the manifests', introduction, ...probes),
  };
}

async function section(root, file) {
  const {
    name,
    description,
    collectors,
    params = {},
    entities = {},
    events = {},
    spans = {},
  } = parse(await readFile(path.join(root, file), 'utf8'));
  return [
    `## ${name}\n\n${description}. From ${code(file)}.`,
    table(['Collector', 'On by default', 'What it does'], Object.entries(collectors).map(collectorRow)),
    ...(Object.keys(params).length > 0
      ? [table(['Param', 'Default', 'What it sets'], Object.entries(params).map(paramRow))]
      : []),
    ...Object.entries(entities).map(entitySection),
    ...Object.entries(events).map(eventSection),
    ...Object.entries(spans).map(spanSection),
  ].join('\n\n');
}

function collectorRow([name, { description = '', default: on = true }]) {
  return [code(name), on ? 'yes' : 'no', description];
}

function paramRow([name, { default: value, description }]) {
  return [code(name), code(String(value)), description];
}

function entitySection([name, { description = '', attributes = {}, metrics }]) {
  const rows = Object.entries(metrics).map(([metric, { type, unit, help, collector = '' }]) => [
    code(metric),
    code(prometheusName(metric, unit, type)),
    type,
    code(unit),
    collector && code(collector),
    help,
  ]);
  return [
    `### ${name}\n\n${description}${description ? '. ' : ''}${attributeList(attributes)}`,
    table(['Metric', 'In Prometheus', 'Type', 'Unit', 'Collector', 'What it counts'], rows),
  ].join('\n\n');
}

function eventSection([name, { description = '', severity, when, attributes = {} }]) {
  const condition = when ? `, while the param ${code(when)} is true` : '';
  const text = `${description}${description ? '. ' : ''}Severity ${severity}${condition}.`;
  return `### ${name} (event)\n\n${text} ${attributeList(attributes)}`;
}

function spanSection([name, { description = '', kind, collector, attributes = {} }]) {
  const condition = collector ? `, of the collector ${code(collector)}` : '';
  const names = Object.keys(attributes).map(code);
  const list = names.length > 0 ? `Attributes: ${names.join(', ')}.` : 'No attributes of its own.';
  return `### ${name} (span)\n\n${description}${description ? '. ' : ''}Kind ${kind}${condition}. ${list}`;
}

function attributeList(attributes) {
  const names = Object.keys(attributes).map((name) => `${code(name)} (label ${code(labelName(name))})`);
  return names.length > 0 ? `Attributes: ${names.join(', ')}.` : 'No attributes of its own.';
}

function prometheusName(metric, unit, type) {
  const { name } = familyName(metric, unit, type);
  return type === 'counter' ? `${name}_total` : name;
}
