// SPDX-License-Identifier: Apache-2.0
import { emptyHistogram } from '../../series/index.ts';
import type { Exemplar, HistogramColumn, HistogramValue, LabelSet, TableSnapshot } from '../../series/types.ts';
import type { ProtoWriter } from '../protobuf/proto-writer.ts';
import { writeAttribute } from './attributes.ts';
import type { Difference } from './differences.ts';
import { BUCKETS, EXEMPLAR, HISTOGRAM_POINT, NUMBER_POINT } from './fields.ts';
import { Timestamps } from './timestamps.ts';

const exemplarTimes = new Timestamps();

/** Writes the data point of a series, if it has one: whether it did. */
export type PointWriter = (to: ProtoWriter, field: number, series: number) => boolean;

/**
 * @param time milliseconds since 1970 of the snapshot
 * @param difference delta temporality; what did not change is left out then
 */
export function pointWriter(table: TableSnapshot, metric: number, time: number, difference?: Difference): PointWriter {
  const column = table.metrics[metric]!;
  const exemplars = table.exemplars[metric];
  const [end, start] = [Buffer.from(new Timestamps().ofMilliseconds(time)), new Timestamps()];
  const startOf = (series: number): Uint8Array =>
    start.ofMilliseconds(difference?.start(series) ?? table.created[series]!);

  if (column instanceof Float64Array) {
    const hasStart = table.definition.metrics[metric]!.type !== 'gauge';
    return (to, field, series) => {
      const total = column[series]!;
      if (Number.isNaN(total)) return false;
      const value = difference ? difference.number(metric, series, total) : total;
      if (difference && value === 0 && !difference.isNew(series)) return false;
      const point = to.open(field);
      if (hasStart) to.fixed64Bytes(NUMBER_POINT.start, startOf(series));
      to.fixed64Bytes(NUMBER_POINT.time, end);
      to.double(NUMBER_POINT.double, value);
      writeExemplars(to, NUMBER_POINT.exemplars, exemplars?.get(series), difference?.start(series));
      writeLabels(to, NUMBER_POINT.attributes, table.labels[series]!);
      to.close(point);
      return true;
    };
  }

  const value = emptyHistogram(column.range);
  return (to, field, series) => {
    if (!column.read(series, value)) return false;
    difference?.histogram(metric, series, value);
    if (difference && value.count === 0 && !difference.isNew(series)) return false;
    const point = to.open(field);
    writeLabels(to, HISTOGRAM_POINT.attributes, table.labels[series]!);
    to.fixed64Bytes(HISTOGRAM_POINT.start, startOf(series));
    to.fixed64Bytes(HISTOGRAM_POINT.time, end);
    writeHistogram(to, value, column.range);
    writeExemplars(to, HISTOGRAM_POINT.exemplars, exemplars?.get(series), difference?.start(series));
    to.close(point);
    return true;
  };
}

/** @param since delta temporality; what is older was sent with an earlier point */
function writeExemplars(
  to: ProtoWriter,
  field: number,
  exemplars: readonly Exemplar[] = [],
  since = -Infinity,
): void {
  for (const { value, traceId, spanId, time } of exemplars) {
    if (time < since) continue;
    const exemplar = to.open(field);
    to.fixed64Bytes(EXEMPLAR.time, exemplarTimes.ofMilliseconds(time));
    to.double(EXEMPLAR.double, value);
    to.binary(EXEMPLAR.spanId, Buffer.from(spanId, 'hex'));
    to.binary(EXEMPLAR.traceId, Buffer.from(traceId, 'hex'));
    to.close(exemplar);
  }
}

/** The entity's own attributes: those of identity are the Resource. */
function writeLabels(to: ProtoWriter, field: number, { names, values, identity }: LabelSet): void {
  for (let i = identity; i < names.length; i++) writeAttribute(to, field, names[i]!, values[i]!);
}

/**
 * The store's slots are those of OpenTelemetry, from another index on. What is over the last slot is in the one after
 * it.
 */
function writeHistogram(
  to: ProtoWriter,
  value: HistogramValue,
  { scale, offset, slots }: HistogramColumn['range'],
): void {
  const { count, sum, zero, over } = value;
  to.fixed64(HISTOGRAM_POINT.count, count);
  to.double(HISTOGRAM_POINT.sum, sum);
  to.sint(HISTOGRAM_POINT.scale, scale);
  to.fixed64(HISTOGRAM_POINT.zeroCount, zero);
  const last = over > 0 ? slots : value.last;
  const first = value.last > 0 ? value.first : last;
  if (last > 0 || over > 0) {
    const buckets = to.open(HISTOGRAM_POINT.positive);
    to.sint(BUCKETS.offset, offset + first);
    const counts = to.open(BUCKETS.counts);
    for (let slot = first; slot < last; slot++) to.varint(value.slots[slot]!);
    if (over > 0) to.varint(over);
    to.close(counts);
    to.close(buckets);
  }
  to.double(HISTOGRAM_POINT.zeroThreshold, 2 ** (offset / 2 ** scale));
}
