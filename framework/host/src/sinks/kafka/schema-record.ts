// SPDX-License-Identifier: Apache-2.0
import type { EntityDefinition, MetricDefinition } from '../../series/types.ts';
import { TIME_RANGE } from '../../series/types.ts';
import { isSummed } from '../json/metric-records.ts';
import type { KafkaMessage } from './transport.ts';

/** What a reader has to know of an entity's records: its keys and metrics with type, unit and meaning. */
export function schemaRecord(definition: EntityDefinition, temporality: string, now: number): KafkaMessage {
  const { probe, name, attributes, metrics } = definition;
  const value = JSON.stringify({
    timestamp: new Date(now).toISOString(),
    entity: name,
    probe,
    keys: attributes,
    metrics: Object.fromEntries(metrics.map((metric) => [metric.name, schemaOf(metric, temporality)])),
  });
  return { key: JSON.stringify([probe, name]), value, timestamp: now };
}

function schemaOf({ type, unit, help, histogram = TIME_RANGE }: MetricDefinition, temporality: string): object {
  const common = { type, unit, description: help };
  if (type === 'gauge') return common;
  if (type === 'histogram') return { ...common, temporality, scale: histogram.scale };
  return { ...common, temporality: isSummed(type) ? temporality : 'cumulative' };
}
