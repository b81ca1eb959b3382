// SPDX-License-Identifier: Apache-2.0
import {
  fieldReader,
  fieldsWithMeaning,
  histogramLayout,
  numberReader,
  resolvePath,
  type AttributeMapping,
  type Entity,
  type FieldLayout,
  type HistogramLayout,
  type Metric,
} from '@sonde/kit';
import type { Btf, FoldField, MapInfo } from '@sonde/native';
import type { HistogramDelta } from '../series/types.ts';
import { difference64 } from './number-at.ts';

/** Where a field is: in the key of a map entry or in its value. */
export type Part = 'key' | 'value';

export interface AttributeColumn {
  name: string;
  from: Part;
  read(view: DataView, base: number): string;
}

export type MetricColumn =
  | { kind: 'difference'; metric: number; of(now: DataView, before: DataView, base: number): number }
  | { kind: 'gauge'; metric: number; read(now: DataView, base: number): number }
  | { kind: 'histogram'; metric: number; of(now: DataView, before: DataView, base: number): HistogramDelta };

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

interface Typed {
  btf: Btf;
  keyType: number;
  valueType: number;
}

/** @throws SONDE_LAYOUT_FIELD, SONDE_MANIFEST_FIELD for what the manifest names and the object lacks */
export function entityColumns(entity: Entity, btf: Btf, map: MapInfo): EntityColumns {
  const typed: Typed = { btf, keyType: map.keyType ?? 0, valueType: map.valueType ?? 0 };
  const process = processField(entity, typed);
  const attributes = Object.entries(entity.attributes ?? {}).map(([name, source]) => attributeColumn(name, source, typed));
  const metrics = Object.values(entity.metrics).map((metric) => ({ metric, ...locate(String(metric.value), typed) }));
  const inValue = [process, ...attributes].filter((part) => part?.from === 'value');
  const ended = entity.ended === undefined ? undefined : numberReader(locate(entity.ended, typed).field);
  return {
    keySize: map.keySize,
    valueSize: map.valueSize,
    process: process && { from: process.from, offset: process.field.offset },
    attributes: attributes.map(({ name, from, read }) => ({ name, from, read })),
    metrics: metrics.map(({ metric, field }, index) => metricColumn(metric, field, index, btf)),
    fold: metrics.flatMap(({ metric, field }) => foldFields(metric, field, btf)),
    labelRanges: inValue.map((part) => ({ offset: part!.field.offset, size: part!.field.size })),
    ended: ended && ((value, base) => ended(value, base) !== 0),
  };
}

function locate(path: string, { btf, keyType, valueType }: Typed): { from: Part; field: FieldLayout } {
  const [, part, rest = ''] = /^(key|value)(?:\.(.+))?$/.exec(path) ?? [undefined, 'value', path];
  return part === 'key'
    ? { from: 'key', field: resolvePath(btf, keyType, rest) }
    : { from: 'value', field: resolvePath(btf, valueType, rest) };
}

/** The process that the manifest names, or the only one there is, the key's before the value's. */
function processField(entity: Entity, typed: Typed): { from: Part; field: FieldLayout } | undefined {
  if (entity.process !== undefined) return locate(entity.process, typed);
  for (const [from, type] of [['key', typed.keyType], ['value', typed.valueType]] as const) {
    const [path] = fieldsWithMeaning(typed.btf, type, 'process');
    if (path !== undefined) return { from, field: resolvePath(typed.btf, type, path) };
  }
  return undefined;
}

function attributeColumn(name: string, source: string | AttributeMapping, typed: Typed): AttributeColumn & { field: FieldLayout } {
  const { from, field } = locate(typeof source === 'string' ? source : source.from, typed);
  if (typeof source === 'string') {
    const read = fieldReader(field);
    return { name, from, field, read: (view, base) => String(read(view, base)) };
  }
  const number = numberReader(field);
  return { name, from, field, read: (view, base) => source.values[number(view, base)] ?? String(number(view, base)) };
}

function metricColumn({ type }: Metric, field: FieldLayout, metric: number, btf: Btf): MetricColumn {
  const histogram = type === 'histogram' ? histogramLayout(btf, field) : undefined;
  if (histogram) return { kind: 'histogram', metric, of: histogramDifference(histogram) };
  const read = numberReader(field);
  if (type === 'gauge') return { kind: 'gauge', metric, read };
  if (field.size === 8 && field.kind !== 'f') {
    return { kind: 'difference', metric, of: (now, before, base) => difference64(now, before, base + field.offset) };
  }
  return { kind: 'difference', metric, of: (now, before, base) => read(now, base) - read(before, base) };
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
