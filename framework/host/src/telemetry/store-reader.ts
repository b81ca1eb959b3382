// SPDX-License-Identifier: Apache-2.0
import type { Attributes } from '@opentelemetry/api';
import {
  AggregationTemporality,
  AggregationType,
  DataPointType,
  InstrumentType,
  MetricReader,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import { HOST_PROBE, TIME_RANGE, type EntityTable, type MetricDefinition, type SeriesStore } from '../series/index.ts';

/** What one instrument has in the store. */
interface InstrumentTable {
  table: EntityTable;
  attributes: readonly string[];
  isGauge: boolean;
  /** By attribute values. */
  rows: Map<string, number>;
}

/** The SDK's histograms take the edges of the store's slots, so that they go over count by count. */
const EDGES = Array.from(
  { length: TIME_RANGE.slots + 1 },
  (_, slot) => 2 ** ((TIME_RANGE.offset + slot) / 2 ** TIME_RANGE.scale),
);

/**
 * Puts the host's own instruments into the series store, at each refresh. Counters and histograms come as differences;
 * a gauge that is no longer observed vanishes.
 */
export class StoreReader extends MetricReader {
  readonly #store: SeriesStore;
  readonly #removeSource: () => void;
  readonly #tables = new Map<string, InstrumentTable>();

  constructor(store: SeriesStore) {
    super({
      aggregationTemporalitySelector: (instrument) =>
        instrument === InstrumentType.GAUGE ? AggregationTemporality.CUMULATIVE : AggregationTemporality.DELTA,
      aggregationSelector: (instrument) =>
        instrument === InstrumentType.HISTOGRAM
          ? { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: EDGES, recordMinMax: false } }
          : { type: AggregationType.DEFAULT },
    });
    this.#store = store;
    this.#removeSource = store.addSource(HOST_PROBE, () => this.#transfer());
  }

  protected async onShutdown(): Promise<void> {
    this.#removeSource();
    for (const { table } of this.#tables.values()) table.endAll();
  }

  protected async onForceFlush(): Promise<void> {
    await this.#transfer();
  }

  async #transfer(): Promise<void> {
    const { resourceMetrics, errors } = await this.collect();
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    const seen = new Map(metrics.map((metric) => [metric.descriptor.name, this.#take(metric)]));
    for (const [name, instrument] of this.#tables) if (instrument.isGauge) endUnseen(instrument, seen.get(name));
    if (errors.length > 0) throw new AggregateError(errors, 'instruments of the host failed');
  }

  /** Returns which of the instrument's rows were observed. */
  #take(metric: MetricData): Set<string> {
    const instrument = this.#instrument(metric);
    const seen = new Set<string>();
    for (const { attributes, value } of metric.dataPoints) {
      const values = instrument.attributes.map((name) => textOf(attributes[name]));
      const key = values.join('\0');
      seen.add(key);
      let row = instrument.rows.get(key);
      if (row === undefined) {
        row = instrument.table.open(0, values);
        instrument.rows.set(key, row);
      }
      apply(instrument.table, row, metric.dataPointType, value);
    }
    return seen;
  }

  #instrument(metric: MetricData): InstrumentTable {
    const { name } = metric.descriptor;
    const known = this.#tables.get(name);
    const attributes = attributeNames(metric.dataPoints, known?.attributes ?? []);
    if (known && attributes.length === known.attributes.length) return known;
    const table = this.#store.define({ probe: HOST_PROBE, name, attributes, metrics: [definition(metric)] });
    const isGauge = metric.dataPointType === DataPointType.GAUGE;
    const instrument: InstrumentTable = { table, attributes, isGauge, rows: new Map() };
    this.#tables.set(name, instrument);
    return instrument;
  }
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function attributeNames(points: readonly { attributes: Attributes }[], known: readonly string[]): string[] {
  return [...new Set([...known, ...points.flatMap(({ attributes }) => Object.keys(attributes))])];
}

function definition({ descriptor, ...metric }: MetricData): MetricDefinition {
  const { name, description: help, unit } = descriptor;
  if (metric.dataPointType === DataPointType.GAUGE) return { name, type: 'gauge', unit, help, fold: 'sum' };
  if (metric.dataPointType === DataPointType.HISTOGRAM) {
    return { name, type: 'histogram', unit, help, histogram: { ...TIME_RANGE, sumScale: 1 } };
  }
  const isMonotonic = metric.dataPointType === DataPointType.SUM && metric.isMonotonic;
  return { name, type: isMonotonic ? 'counter' : 'updowncounter', unit, help };
}

function apply(table: EntityTable, row: number, type: DataPointType, value: unknown): void {
  if (type === DataPointType.SUM) table.add(row, 0, value as number);
  else if (type === DataPointType.GAUGE) table.set(row, 0, value as number);
  else {
    const { buckets, sum = 0 } = value as Histogram;
    const [zero = 0, ...slots] = buckets.counts;
    const over = slots.pop() ?? 0;
    table.addHistogram(row, 0, { zero, over, sum, slots, from: 0 });
  }
}

function endUnseen({ table, rows }: InstrumentTable, seen: ReadonlySet<string> | undefined): void {
  for (const [key, row] of rows) {
    if (seen?.has(key)) continue;
    table.end(row);
    rows.delete(key);
  }
}
