// SPDX-License-Identifier: Apache-2.0
import { emptyHistogram } from '../../series/index.ts';
import type { HistogramColumn, HistogramValue, LabelSet, MetricType, TableSnapshot } from '../../series/types.ts';
import { recordKey } from './record-key.ts';

/** A record as JSON, and the key of what it is about. */
export interface MetricRecord {
  key: string;
  value: string;
  /** Milliseconds since 1970. */
  timestamp: number;
}

/** Parts of a record that are the same for as long as its series lives. */
interface Fixed {
  key: string;
  /** `"keys":{…},"labels":{…}` */
  json: string;
}

const fixed = new WeakMap<LabelSet, Fixed>();

/**
 * One record for each series of a table, undefined for a free place.
 *
 * @param since the same table at the end of the last interval: then the records are differences to it
 */
export function* metricRecords(
  table: TableSnapshot,
  since: TableSnapshot | undefined,
  time: number,
): Iterable<MetricRecord | undefined> {
  const { definition, labels, created, ended, size } = table;
  const metrics = definition.metrics.map(({ name, type }, i) => {
    const read = valueWriter(table.metrics[i]!, isSummed(type) ? since?.metrics[i] : undefined);
    return [`${JSON.stringify(name)}:`, read] as const;
  });
  const { name: entity, probe } = definition;
  const head = JSON.stringify({ timestamp: new Date(time).toISOString(), entity, probe }).slice(0, -1);

  for (let series = 0; series < size; series++) {
    const set = labels[series];
    const values = set ? valuesOf(metrics, series, since?.labels[series] === set) : '';
    if (!set || values === '') {
      yield undefined;
      continue;
    }
    const { key, json } = fixedOf(definition.name, set);
    const start = new Date(created[series]!).toISOString();
    const end = ended[series] === 1 ? ',"ended":true' : '';
    yield { key, value: `${head},${json},"start":"${start}"${end},"metrics":{${values}}}`, timestamp: time };
  }
}

/** As OpenTelemetry has it: what can fall is a total in delta temporality too. */
export function isSummed(type: MetricType): boolean {
  return type === 'counter' || type === 'histogram';
}

type Write = (series: number, isContinued: boolean) => string | undefined;

function valuesOf(metrics: readonly (readonly [string, Write])[], series: number, isContinued: boolean): string {
  let text = '';
  for (const [name, write] of metrics) {
    const value = write(series, isContinued);
    if (value !== undefined) text += `${text === '' ? '' : ','}${name}${value}`;
  }
  return text;
}

function valueWriter(column: Float64Array | HistogramColumn, since?: Float64Array | HistogramColumn): Write {
  if (column instanceof Float64Array) {
    const before = since as Float64Array | undefined;
    return (series, isContinued) => {
      const value = column[series]!;
      if (Number.isNaN(value)) return undefined;
      return String(isContinued && before ? value - (before[series] || 0) : value);
    };
  }
  const before = since as HistogramColumn | undefined;
  const read = emptyHistogram(column.range);
  const earlier = emptyHistogram(column.range);
  return (series, isContinued) => {
    if (!column.read(series, read)) return undefined;
    if (isContinued && before?.read(series, earlier)) subtract(read, earlier);
    return histogramJson(read, column.range);
  };
}

function subtract(from: HistogramValue, what: HistogramValue): void {
  from.count -= what.count;
  from.sum -= what.sum;
  from.zero -= what.zero;
  from.over -= what.over;
  for (let slot = what.first; slot < what.last; slot++) from.slots[slot]! -= what.slots[slot]!;
}

/** As OpenTelemetry has it: bucket i holds (2^((offset + i) / 2^scale), 2^((offset + i + 1) / 2^scale)]. */
function histogramJson(value: HistogramValue, { scale, offset, slots }: HistogramColumn['range']): string {
  const { count, sum, zero, over, first } = value;
  const last = over > 0 ? slots : value.last;
  let buckets = '';
  for (let slot = first; slot < last; slot++) buckets += `${slot > first ? ',' : ''}${value.slots[slot]}`;
  if (over > 0) buckets += `${last > first ? ',' : ''}${over}`;
  const whole = `"count":${count},"sum":${sum},"zeroCount":${zero}`;
  return `{${whole},"scale":${scale},"offset":${offset + first},"buckets":[${buckets}]}`;
}

function fixedOf(entity: string, set: LabelSet): Fixed {
  let known = fixed.get(set);
  if (!known) fixed.set(set, (known = fix(entity, set)));
  return known;
}

function fix(entity: string, { names, values, identity }: LabelSet): Fixed {
  const pairs = names.map((name, i) => [name, values[i]!] as const);
  const labels = new Map(pairs.slice(0, identity).filter(isPresent));
  const keys = Object.fromEntries(pairs.slice(identity).filter(isPresent));
  return {
    key: recordKey([entity, ...values.slice(identity)], labels),
    json: `"keys":${JSON.stringify(keys)},"labels":${JSON.stringify(Object.fromEntries(labels))}`,
  };
}

function isPresent([, value]: readonly [string, string | number]): boolean {
  return value !== '';
}
