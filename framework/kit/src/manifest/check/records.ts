// SPDX-License-Identifier: Apache-2.0
import { histogramLayout, isCompound, isNumeric, type FieldLayout } from '../../layout/index.ts';
import type { Attributes, Entity, Manifest, Metric } from '../generated/types.ts';
import { sourceLayout, type ObjectInfo, type SourceField, type SourceLayout } from '../source-layout.ts';
import type { At, Findings } from './findings.ts';

/** Checks the paths of entities and events whose records are in maps and rings. */
export function checkRecords(manifest: Manifest, object: ObjectInfo, findings: Findings): void {
  const { entities = {}, events = {} } = manifest;
  for (const [name, entity] of Object.entries(entities)) {
    const at = ['entities', name];
    const layout = checkSource('entity', name, entity, object, at, findings);
    if (!layout) continue;
    checkAttributes(entity.attributes, layout, at, findings);
    checkEnded(entity, layout, at, findings);
    checkMetrics(entity, layout, object, at, findings);
  }
  for (const [name, event] of Object.entries(events)) {
    const at = ['events', name];
    const layout = checkSource('event', name, event, object, at, findings);
    if (layout) checkAttributes(event.attributes, layout, at, findings);
  }
}

/** Checks the source and whose records they are; undefined if its fields are not known. */
function checkSource(
  what: 'entity' | 'event',
  name: string,
  { source, process }: Pick<Entity, 'source' | 'process'>,
  object: ObjectInfo,
  at: At,
  findings: Findings,
): SourceLayout | undefined {
  if (!('map' in source || 'ring' in source)) return undefined;
  const key = 'map' in source ? 'map' : 'ring';
  const layout = findings.try([...at, 'source', key], () => sourceLayout(object, source));
  if (!layout) return undefined;

  if ('ring' in source && !layout.hasHeader) {
    const problem = `struct ${source.struct} does not begin with struct sonde_event`;
    const remedy = 'Make `struct sonde_event` its first member: it holds the time, the kind and the weight.';
    findings.add('SONDE_MANIFEST_SOURCE', { what, name, problem, remedy }, [...at, 'source', 'struct']);
  }
  if (process !== undefined) {
    const field = findings.try([...at, 'process'], () => layout.resolve(process));
    if (field && field.kind !== 'process')
      refuse(process, field, 'the owner is a struct sonde_process', [...at, 'process'], findings);
  } else if (layout.processes.length > 1) {
    const problem = `it names several processes: ${layout.processes.join(', ')}`;
    findings.add('SONDE_MANIFEST_SOURCE', { what, name, problem, remedy: "Say which with 'process'." }, [
      ...at,
      'source',
    ]);
  }
  return layout;
}

function checkAttributes(attributes: Attributes = {}, layout: SourceLayout, at: At, findings: Findings): void {
  for (const [name, attribute] of Object.entries(attributes)) {
    const isMapped = typeof attribute === 'object';
    const path = isMapped ? attribute.from : attribute;
    const place = [...at, 'attributes', name, ...(isMapped ? ['from'] : [])];
    const field = findings.try(place, () => layout.resolve(path));
    if (!field) continue;
    checkMapping(name, attribute, [...at, 'attributes', name], findings);
    if (isCompound(field) || field.kind === 'pointer')
      refuse(path, field, 'an attribute is a single value', place, findings);
    else if (isMapped && !isNumeric(field)) refuse(path, field, 'only numbers can be given names', place, findings);
  }
}

function checkMapping(name: string, attribute: Attributes[string], at: At, findings: Findings): void {
  if (typeof attribute === 'string') return;
  const { values, enum: names, prefix } = attribute;
  const report = (problem: string, remedy: string): void =>
    findings.add('SONDE_MANIFEST_ATTRIBUTE', { attribute: name, problem, remedy }, at);
  if (values === undefined && names === undefined) report('its numbers get no names', "Say 'values' or 'enum', or name the field alone.");
  if (prefix !== undefined && names === undefined) report("'prefix' belongs to 'enum'", "Remove 'prefix'.");
}

function checkEnded({ ended }: Entity, layout: SourceLayout, at: At, findings: Findings): void {
  if (ended === undefined) return;
  const [path, place] = typeof ended === 'string' ? [ended, [...at, 'ended']] : [ended.from, [...at, 'ended', 'from']];
  const field = findings.try(place, () => layout.resolve(path));
  if (field && (field.from !== 'value' || !isWholeInteger(field)))
    refuse(path, field, "'ended' is an integer in the value of a map", place, findings);
}

function checkMetrics({ metrics }: Entity, layout: SourceLayout, object: ObjectInfo, at: At, findings: Findings): void {
  for (const [name, metric] of Object.entries(metrics)) {
    const { value } = metric;
    if (typeof value !== 'string') continue;
    const place = [...at, 'metrics', name];
    const field = findings.try([...place, 'value'], () => layout.resolve(value));
    if (!field) continue;
    const wanted = wantedField(metric, field);
    if (wanted) refuse(value, field, wanted, [...place, 'value'], findings);
    else checkHistogram(name, metric, field, object, place, findings);
  }
}

/** What the value of a metric should be, if the field is not that. */
function wantedField({ type }: Metric, field: SourceField): string | undefined {
  if (field.from === 'key') return 'the value of a metric is no part of the key';
  const isHistogram = field.kind === 'histogram' || field.kind === 'sizeHistogram';
  if (type === 'histogram' && field.from === 'value') {
    return isHistogram && field.count === 1
      ? undefined
      : 'a histogram of a map needs a sonde_histogram_t or sonde_size_histogram_t';
  }
  if (isHistogram && field.count === 1) return `a ${type} needs a number: say 'type: histogram'`;
  return isWholeInteger(field) ? undefined : `a ${type} needs an integer`;
}

/** A histogram in a map has the range and the unit that its C type gives it. */
function checkHistogram(
  name: string,
  { range, unit }: Metric,
  field: SourceField,
  object: ObjectInfo,
  at: At,
  findings: Findings,
): void {
  const histogram = histogramLayout(object.btf, field);
  if (!histogram) return;
  const { from, to } = histogram.range;
  if (range && (range.from !== from || range.to !== to)) {
    const [own, wanted] = [range, { from, to }].map((one) => `{ from: ${one.from}, to: ${one.to} }`);
    const problem = `its range is ${own}, but that of ${field.typeName} is ${wanted}`;
    findings.add('SONDE_MANIFEST_METRIC', { metric: name, problem, remedy: "Remove 'range'." }, [...at, 'range']);
  }
  if (field.kind === 'histogram' && unit !== 's') {
    const problem = `its unit is ${unit}, but ${field.typeName} is in seconds`;
    findings.add('SONDE_MANIFEST_METRIC', { metric: name, problem, remedy: "Say 'unit: s'." }, [...at, 'unit']);
  }
}

/** An integer that fills its bytes: CPUs can be folded and differences taken. */
function isWholeInteger(field: FieldLayout): boolean {
  return isNumeric(field) && field.kind !== 'f' && !field.bits;
}

function refuse(path: string, { typeName }: FieldLayout, wanted: string, at: At, findings: Findings): void {
  findings.add('SONDE_MANIFEST_FIELD', { path, found: typeName, wanted }, at);
}
