// SPDX-License-Identifier: Apache-2.0
import type { Entity, Manifest, Metric } from '../generated/types.ts';
import { checkCollectorOf } from './collectors.ts';
import type { At, Findings } from './findings.ts';
import { checkSource } from './sources.ts';

export function checkEntities(manifest: Manifest, findings: Findings): void {
  const seen = new Map<string, Metric>();
  for (const [name, entity] of Object.entries(manifest.entities ?? {})) {
    checkSource(manifest, 'entity', name, entity.source, ['entities', name], findings);
    for (const [metricName, metric] of Object.entries(entity.metrics)) {
      const at = ['entities', name, 'metrics', metricName];
      checkMetric(metricName, metric, entity, at, findings);
      checkCollectorOf(manifest, metric, at, findings);
      checkSameEverywhere(metricName, metric, seen, at, findings);
    }
  }
}

function checkMetric(name: string, metric: Metric, entity: Entity, at: At, findings: Findings): void {
  const report = (problem: string, remedy = '', key?: string): void =>
    findings.add('SONDE_MANIFEST_METRIC', { metric: name, problem, remedy }, key ? [...at, key] : at);
  const { source } = entity;
  const isDecoded = 'decoder' in source || 'agent' in source;

  if (metric.type === 'gauge' && metric.fold === undefined) {
    const remedy =
      "Say 'fold: sum', 'min', 'max' or 'last': it holds for CPUs and for entries that dropped labels merge.";
    report('a gauge must say how it folds', remedy);
  }
  if (metric.type !== 'gauge' && metric.fold !== undefined)
    report(`a ${metric.type} always adds up`, "Remove 'fold'.", 'fold');
  if (metric.type !== 'histogram' && metric.range) report(`a ${metric.type} has no range`, "Remove 'range'.", 'range');
  if (metric.range && metric.range.from >= metric.range.to)
    report("the range's 'from' must be less than its 'to'", '', 'range');

  if (isDecoded && metric.value !== undefined)
    report('its value comes from outside of the manifest', "Remove 'value'.", 'value');
  if (!isDecoded && metric.value === undefined) report("'value' is missing", 'Name the field that holds the value.');
  if (typeof metric.value === 'number' && !('ring' in source)) {
    report('only records of a ring can count a fixed number', 'Name the field that holds the value.', 'value');
  }
  if ('ring' in source && metric.type === 'gauge')
    report('records of a ring cannot set a gauge', 'Use a map or a decoder.', 'type');
}

/** A metric of two entities is one metric with more attributes: its type and unit cannot differ. */
function checkSameEverywhere(
  name: string,
  metric: Metric,
  seen: Map<string, Metric>,
  at: At,
  findings: Findings,
): void {
  const first = seen.get(name) ?? metric;
  seen.set(name, first);
  for (const key of ['type', 'unit'] as const) {
    if (first[key] === metric[key]) continue;
    const problem = `its ${key} is ${metric[key]} here and ${first[key]} in another entity`;
    findings.add('SONDE_MANIFEST_METRIC', { metric: name, problem, remedy: 'Give one of them another name.' }, [
      ...at,
      key,
    ]);
  }
}
