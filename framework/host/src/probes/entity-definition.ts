// SPDX-License-Identifier: Apache-2.0
import {
  histogramLayout,
  type Entity,
  type FieldLayout,
  type HistogramRange as ManifestRange,
  type Metric,
} from '@sonde/kit';
import type { Btf } from '@sonde/native';
import { TIME_RANGE, type EntityDefinition, type HistogramRange, type MetricDefinition } from '../series/types.ts';

/** Slots to a power of two. */
const SLOTS = 4;
const NANOSECOND = 1e-9;

/**
 * What the series store must know of an entity of a manifest.
 * @param resolve where the path of a metric's value leads, for sources whose records have a C type
 */
export function entityDefinition(
  probe: string,
  name: string,
  entity: Entity,
  btf?: Btf,
  resolve?: (path: string) => FieldLayout,
): EntityDefinition {
  const fieldOf = ({ value }: Metric): FieldLayout | undefined => (typeof value === 'string' ? resolve?.(value) : undefined);
  const metrics = Object.entries(entity.metrics).map(([metric, declared]) =>
    metricDefinition(metric, declared, meaningOf(declared, fieldOf(declared), btf)),
  );
  return { probe, name, attributes: Object.keys(entity.attributes ?? {}), metrics, ...(entity.ended !== undefined && { mortal: true }) };
}

interface Field {
  isTime: boolean;
  range?: HistogramRange;
}

function metricDefinition(name: string, metric: Metric, { isTime, range }: Field): MetricDefinition {
  const { type, unit, help, fold } = metric;
  const scale = metric.scale ?? (isTime ? NANOSECOND : 1);
  const histogram = type === 'histogram' && { histogram: range ?? rangeOf(metric.range, scale) };
  return { name, type, unit, help, ...(fold && { fold }), ...(scale !== 1 && { scale }), ...histogram };
}

function rangeOf(range: ManifestRange | undefined, sumScale: number): HistogramRange {
  if (range === undefined) return { ...TIME_RANGE, sumScale };
  return { scale: 2, offset: range.from * SLOTS, slots: (range.to - range.from) * SLOTS, sumScale };
}

/** What the type of a metric's field says without a word in the manifest. */
function meaningOf({ unit }: Metric, field: FieldLayout | undefined, btf: Btf | undefined): Field {
  const layout = field && btf && histogramLayout(btf, field);
  if (layout === undefined) return { isTime: field?.kind === 'ns' && unit === 's' };
  const { range, count, sumScale } = layout;
  return { isTime: false, range: { scale: 2, offset: range.from * SLOTS, slots: count, sumScale } };
}
