// SPDX-License-Identifier: Apache-2.0
import { ValueType, type Attributes, type HrTime } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type CollectionResult,
  type DataPoint,
  type MetricData,
  type MetricProducer,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import { emptyHistogram } from './histogram-pages.ts';
import type { HistogramColumn, LabelSet, MetricDefinition, SeriesStore, TableSnapshot, ViewReader } from './types.ts';

/**
 * Hands a view to any OpenTelemetry reader: `new PeriodicExportingMetricReader({ metricProducers: [producer], … })`.
 * All points are cumulative, with one scope for each probe; labels become attributes, also those that are a Resource
 * elsewhere.
 */
export function metricProducer(store: Pick<SeriesStore, 'refresh'>, reader: ViewReader): MetricProducer {
  const attributes = new WeakMap<LabelSet, Attributes>();
  return {
    async collect(): Promise<CollectionResult> {
      await store.refresh();
      const { time, tables } = reader.snapshot();
      const byProbe = Map.groupBy(tables, ({ definition }) => definition.probe);
      const scopeMetrics = Array.from(byProbe, ([probe, ofProbe]): ScopeMetrics => ({
        scope: { name: `sonde/${probe}` },
        metrics: ofProbe.flatMap((table) => metricsOf(table, toHrTime(time), attributes)),
      }));
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
    },
  };
}

function metricsOf(table: TableSnapshot, endTime: HrTime, known: WeakMap<LabelSet, Attributes>): MetricData[] {
  const series = [...table.labels.keys()].filter((index) => table.labels[index]);
  return table.definition.metrics.flatMap((metric, index) => {
    const value = valueReader(table.metrics[index]!);
    const dataPoints = series.flatMap((at): DataPoint<never>[] => {
      const read = value(at);
      if (read === undefined) return [];
      const startTime = toHrTime(table.created[at]!);
      return [{ startTime, endTime, attributes: attributesOf(table.labels[at]!, known), value: read as never }];
    });
    return dataPoints.length > 0 ? [metricData(metric, dataPoints)] : [];
  });
}

function metricData({ name, type, unit, help }: MetricDefinition, dataPoints: DataPoint<never>[]): MetricData {
  const common = {
    descriptor: { name, description: help, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints,
  };
  if (type === 'gauge') return { ...common, dataPointType: DataPointType.GAUGE };
  if (type === 'histogram') return { ...common, dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM };
  return { ...common, dataPointType: DataPointType.SUM, isMonotonic: type === 'counter' };
}

function valueReader(column: Float64Array | HistogramColumn): (series: number) => unknown {
  if (column instanceof Float64Array) {
    return (series) => (Number.isNaN(column[series]!) ? undefined : column[series]);
  }
  const { scale, offset, slots } = column.range;
  const read = emptyHistogram(column.range);
  return (series) => {
    if (!column.read(series, read)) return undefined;
    const bucketCounts = Array.from(read.slots.subarray(read.first, read.over > 0 ? slots : read.last));
    if (read.over > 0) bucketCounts.push(read.over);
    return {
      count: read.count,
      sum: read.sum,
      scale,
      zeroCount: read.zero,
      positive: { offset: offset + read.first, bucketCounts },
      negative: { offset: 0, bucketCounts: [] },
    };
  };
}

function attributesOf(labels: LabelSet, known: WeakMap<LabelSet, Attributes>): Attributes {
  let attributes = known.get(labels);
  if (!attributes) {
    const pairs = labels.names.map((name, index) => [name, labels.values[index]!] as const);
    attributes = Object.fromEntries(pairs.filter(([, value]) => value !== ''));
    known.set(labels, attributes);
  }
  return attributes;
}

function toHrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
