// SPDX-License-Identifier: Apache-2.0
import {
  fieldReader,
  histogramLayout,
  numberReader,
  type AttributeMapping,
  type Entity,
  type FieldLayout,
  type HistogramLayout,
  type Metric,
  type SourceField,
  type SourceLayout,
} from '@sonde/kit';
import type { Btf, FoldField } from '@sonde/native';
import type { HistogramDelta } from '../series/types.ts';
import { difference64 } from './number-at.ts';

/** Where a field is: in the key of a map entry or in its value. */
export type Part = 'key' | 'value';

export interface AttributeColumn {
  name: string;
  from: Part;
  read(view: DataView, base: number): string;
}

export type MetricColumn = {
  /** Index in the entity's definition. */
  metric: number;
  /** The collector that the metric belongs to; it is not added to while that is off. */
  collector: string | undefined;
} & (
  /** What only rises is `difference`, what may fall `level`: the sum of all entries that are there. */
  | { kind: 'difference' | 'level'; of(now: DataView, before: DataView, base: number): number }
  | { kind: 'gauge'; read(now: DataView, base: number): number }
  | { kind: 'histogram'; of(now: DataView, before: DataView, base: number): HistogramDelta }
);

/** How the entries of a map become rows of an entity: a manifest's words, compiled against the object's BTF. */
export interface EntityColumns {
  keySize: number;
  valueSize: number;
  /** Offset of the `struct sonde_process` that owns the entry. */
  process: { from: Part; offset: number } | undefined;
  attributes: readonly AttributeColumn[];
  metrics: readonly MetricColumn[];
  /** How lanes of a per-CPU map become one value. */
  fold: readonly FoldField[];
  /** Bytes of the value that decide which row it is: an entry may be handed on. */
  labelRanges: readonly { offset: number; size: number }[];
  /** Tells an entry that says itself that it is finished. */
  ended: ((value: DataView, base: number) => boolean) | undefined;
}

/** @throws SONDE_LAYOUT_FIELD, SONDE_MANIFEST_FIELD for what the manifest names and the object lacks */
export function entityColumns(entity: Entity, { map, processes, resolve }: SourceLayout, btf: Btf): EntityColumns {
  const owner = entity.process ?? processes[0];
  const process = owner === undefined ? undefined : resolve(owner);
  const attributes = Object.entries(entity.attributes ?? {}).map(([name, source]) => attributeColumn(name, source, resolve));
  const metrics = Object.values(entity.metrics).map((metric) => ({ metric, field: resolve(String(metric.value)) }));
  const labelled = [process, ...attributes.map(({ field }) => field)].filter((field) => field?.from === 'value');
  return {
    keySize: map.keySize,
    valueSize: map.valueSize,
    process: process && { from: partOf(process), offset: process.offset },
    attributes,
    metrics: metrics.map(({ metric, field }, index) => metricColumn(metric, field, index, btf)),
    fold: metrics.flatMap(({ metric, field }) => foldFields(metric, field, btf)),
    labelRanges: labelled.map((field) => ({ offset: field!.offset, size: field!.size })),
    ended: endedReader(entity, resolve),
  };
}

function endedReader({ ended }: Entity, resolve: SourceLayout['resolve']): EntityColumns['ended'] {
  if (ended === undefined) return undefined;
  if (typeof ended === 'string') {
    const read = numberReader(resolve(ended));
    return (value, base) => read(value, base) !== 0;
  }
  const read = numberReader(resolve(ended.from));
  return (value, base) => read(value, base) === ended.equals;
}

function partOf({ from }: SourceField): Part {
  return from === 'key' ? 'key' : 'value';
}

function attributeColumn(
  name: string,
  source: string | AttributeMapping,
  resolve: SourceLayout['resolve'],
): AttributeColumn & { field: SourceField } {
  const field = resolve(typeof source === 'string' ? source : source.from);
  const from = partOf(field);
  if (typeof source === 'string') {
    const read = fieldReader(field);
    return { name, from, field, read: (view, base) => String(read(view, base)) };
  }
  const number = numberReader(field);
  return { name, from, field, read: (view, base) => source.values?.[number(view, base)] ?? String(number(view, base)) };
}

function metricColumn({ type, collector }: Metric, field: FieldLayout, metric: number, btf: Btf): MetricColumn {
  const histogram = type === 'histogram' ? histogramLayout(btf, field) : undefined;
  if (histogram) return { kind: 'histogram', metric, collector, of: histogramDifference(histogram) };
  const read = numberReader(field);
  if (type === 'gauge') return { kind: 'gauge', metric, collector, read };
  const kind = type === 'updowncounter' ? 'level' : 'difference';
  if (field.size === 8 && field.kind !== 'f') {
    return { kind, metric, collector, of: (now, before, base) => difference64(now, before, base + field.offset) };
  }
  return { kind, metric, collector, of: (now, before, base) => read(now, base) - read(before, base) };
}

/** The buffer of the result is used again by the next call. */
function histogramDifference({ sum, zero, over, slots, count }: HistogramLayout) {
  const counts = new Float64Array(count);
  const delta = { zero: 0, over: 0, sum: 0, slots: counts, from: 0 };
  return (now: DataView, before: DataView, base: number): HistogramDelta => {
    delta.zero = difference64(now, before, base + zero);
    delta.over = difference64(now, before, base + over);
    delta.sum = difference64(now, before, base + sum);
    for (let i = 0; i < count; i++) counts[i] = difference64(now, before, base + slots + i * 8);
    return delta;
  };
}

function foldFields({ type, fold = 'last' }: Metric, field: FieldLayout, btf: Btf): FoldField[] {
  const histogram = type === 'histogram' ? histogramLayout(btf, field) : undefined;
  if (histogram) {
    const { sum, zero, over, slots, count } = histogram;
    return [
      ...[sum, zero, over].map((offset) => ({ offset, size: 8 as const, fold: 'sum' as const })),
      { offset: slots, size: 8, fold: 'sum', count },
    ];
  }
  return [{ offset: field.offset, size: field.size as FoldField['size'], fold: type === 'gauge' ? fold : 'sum', signed: field.signed }];
}
