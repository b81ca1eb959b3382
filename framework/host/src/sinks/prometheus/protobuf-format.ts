// SPDX-License-Identifier: Apache-2.0
import type { Exemplar, HistogramValue, LabelSet } from '../../series/types.ts';
import { ByteWriter } from './byte-writer.ts';
import type { ChunkPool } from './chunk-pool.ts';
import { classicEdges, cumulativeCounts, exemplarsByEdge, newestOf, type Edge } from './edges.ts';
import type { Family } from './families.ts';
import { namesOnce, type FamilyWriter, type Format, type LabelBytes } from './format.ts';
import { labelName } from './names.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';

/** Field numbers of io.prometheus.client (client_model, metrics.proto). */
const FAMILY = { name: 1, help: 2, type: 3, metric: 4, unit: 5 };
const METRIC = { label: 1, gauge: 2, counter: 3, histogram: 7 };
const LABEL = { name: 1, value: 2 };
const VALUE = { value: 1, exemplar: 2, createdTimestamp: 3 };
const TIMESTAMP = { seconds: 1, nanos: 2 };
const BUCKET = { cumulativeCount: 1, upperBound: 2, exemplar: 3 };
const EXEMPLAR = { label: 1, value: 2, timestamp: 3 };
const SPAN = { offset: 1, length: 2 };
const HISTOGRAM = {
  sampleCount: 1,
  sampleSum: 2,
  bucket: 3,
  schema: 5,
  zeroThreshold: 6,
  zeroCount: 7,
  positiveSpan: 12,
  positiveDelta: 13,
  createdTimestamp: 15,
  exemplars: 16,
};
const TYPES = { counter: 0, gauge: 1, histogram: 4 };

/** Delimited protobuf, which alone carries native histograms; the classic buckets are in it too. */
export function protobufFormat({ created }: { created: boolean }): Format {
  const labelNames = namesOnce(labelName);
  return {
    contentType: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
    encodeLabels: (labels) => encodeLabels(labels, labelNames(labels.names)),
    family: (family, out, pool) => new ProtobufFamily(family, out, pool, created),
    finish: () => {},
  };
}

function encodeLabels({ values }: LabelSet, names: readonly string[]): Uint8Array {
  const [all, pair] = [new ProtoWriter(), new ProtoWriter()];
  for (const [i, name] of names.entries()) {
    const value = values[i]!;
    if (value === '') continue;
    pair.clear();
    pair.string(LABEL.name, name);
    pair.string(LABEL.value, String(value));
    all.message(METRIC.label, pair);
  }
  return all.bytes.slice(0, all.length);
}

class ProtobufFamily implements FamilyWriter {
  readonly #family: Family;
  readonly #out: ByteWriter;
  readonly #created: boolean;
  readonly #edges: readonly Edge[];
  readonly #counts: Float64Array;
  /** The family's metrics: its length has to be known before the first of them is sent. */
  readonly #metrics: ByteWriter;
  readonly #metric = new ProtoWriter();
  readonly #value = new ProtoWriter();
  readonly #part = new ProtoWriter();
  readonly #framed = new ProtoWriter();

  constructor(family: Family, out: ByteWriter, pool: ChunkPool, created: boolean) {
    this.#family = family;
    this.#out = out;
    this.#metrics = new ByteWriter(pool);
    this.#created = created;
    this.#edges = family.range ? classicEdges(family.range) : [];
    this.#counts = new Float64Array(this.#edges.length);
  }

  number(labels: LabelBytes, value: number, created: number, exemplars?: readonly Exemplar[]): void {
    const isCounter = this.#family.type === 'counter';
    this.#value.clear();
    this.#value.double(VALUE.value, value);
    const exemplar = exemplars && isCounter ? newestOf(exemplars) : undefined;
    if (exemplar) writeExemplar(this.#value, VALUE.exemplar, exemplar);
    if (isCounter) this.#timestamp(VALUE.createdTimestamp, created);
    this.#add(labels, isCounter ? METRIC.counter : METRIC.gauge);
  }

  histogram(labels: LabelBytes, value: HistogramValue, created: number, exemplars?: readonly Exemplar[]): void {
    const message = this.#value;
    message.clear();
    message.uint(HISTOGRAM.sampleCount, value.count);
    message.double(HISTOGRAM.sampleSum, value.sum);
    this.#classic(value, exemplars);
    this.#native(value);
    this.#timestamp(HISTOGRAM.createdTimestamp, created);
    // In the order of time, in which alone Prometheus takes them.
    const sorted = exemplars?.toSorted((a, b) => a.time - b.time) ?? [];
    for (const exemplar of sorted) writeExemplar(message, HISTOGRAM.exemplars, exemplar);
    this.#add(labels, METRIC.histogram);
  }

  end(): void {
    const { name, type, unit, help } = this.#family;
    const head = new ProtoWriter();
    head.string(FAMILY.name, type === 'counter' ? `${name}_total` : name);
    head.string(FAMILY.help, help);
    head.uint(FAMILY.type, TYPES[type]);
    if (unit !== '') head.string(FAMILY.unit, unit);
    const metrics = this.#metrics.finish();
    const length = metrics.reduce((sum, chunk) => sum + chunk.length, head.length);
    const frame = new ProtoWriter();
    frame.varint(length);
    this.#out.copy(frame.bytes, 0, frame.length);
    this.#out.copy(head.bytes, 0, head.length);
    this.#out.append(metrics);
  }

  /** The bucket `+Inf` goes without saying, unless it has an exemplar. */
  #classic(value: HistogramValue, exemplars: readonly Exemplar[] | undefined): void {
    cumulativeCounts(this.#edges, value, this.#counts);
    const ofBucket = exemplars && exemplarsByEdge(this.#edges, exemplars);
    for (const [i, { le }] of this.#edges.entries()) this.#bucket(this.#counts[i]!, le, ofBucket?.[i]);
    const over = ofBucket?.[this.#edges.length];
    if (over) this.#bucket(value.count, Infinity, over);
  }

  #bucket(count: number, le: number, exemplar: Exemplar | undefined): void {
    this.#part.clear();
    this.#part.uint(BUCKET.cumulativeCount, count);
    this.#part.double(BUCKET.upperBound, le);
    if (exemplar) writeExemplar(this.#part, BUCKET.exemplar, exemplar);
    this.#value.message(HISTOGRAM.bucket, this.#part);
  }

  /**
   * Index k of a native histogram ends where OpenTelemetry's k begins, hence the 1. What is over takes the next index.
   */
  #native(value: HistogramValue): void {
    const { scale, offset, slots } = this.#family.range!;
    const message = this.#value;
    message.sint(HISTOGRAM.schema, scale);
    message.double(HISTOGRAM.zeroThreshold, 2 ** (offset / 2 ** scale));
    message.uint(HISTOGRAM.zeroCount, value.zero);

    const buckets: [index: number, count: number][] = [];
    for (let slot = value.first; slot < value.last; slot++) {
      if (value.slots[slot]! > 0) buckets.push([offset + slot + 1, value.slots[slot]!]);
    }
    if (value.over > 0) buckets.push([offset + slots + 1, value.over]);
    for (const { gap, length } of spans(buckets.map(([index]) => index))) {
      this.#part.clear();
      this.#part.sint(SPAN.offset, gap);
      this.#part.uint(SPAN.length, length);
      message.message(HISTOGRAM.positiveSpan, this.#part);
    }
    let before = 0;
    for (const [, count] of buckets) {
      message.sint(HISTOGRAM.positiveDelta, count - before);
      before = count;
    }
  }

  #timestamp(field: number, milliseconds: number): void {
    if (this.#created) writeTimestamp(this.#value, field, milliseconds);
  }

  /** Puts labels and value together to a metric of the family. */
  #add({ bytes, start, end }: LabelBytes, field: number): void {
    this.#metric.clear();
    this.#metric.raw(bytes, start, end);
    this.#metric.message(field, this.#value);
    this.#framed.clear();
    this.#framed.message(FAMILY.metric, this.#metric);
    this.#metrics.copy(this.#framed.bytes, 0, this.#framed.length);
  }
}

function writeTimestamp(to: ProtoWriter, field: number, milliseconds: number): void {
  const timestamp = to.open(field);
  to.uint(TIMESTAMP.seconds, Math.floor(milliseconds / 1000));
  to.uint(TIMESTAMP.nanos, Math.round((milliseconds % 1000) * 1e6));
  to.close(timestamp);
}

function writeExemplar(to: ProtoWriter, field: number, { traceId, spanId, value, time }: Exemplar): void {
  const exemplar = to.open(field);
  for (const [name, id] of [['trace_id', traceId], ['span_id', spanId]] as const) {
    const label = to.open(EXEMPLAR.label);
    to.string(LABEL.name, name);
    to.string(LABEL.value, id);
    to.close(label);
  }
  to.double(EXEMPLAR.value, value);
  writeTimestamp(to, EXEMPLAR.timestamp, time);
  to.close(exemplar);
}

/** Runs of consecutive indexes; `gap` counts from the end of the run before, for the first one from 0. */
function spans(indexes: readonly number[]): { gap: number; length: number }[] {
  const found: { gap: number; length: number }[] = [];
  let next = 0;
  for (const index of indexes) {
    const current = found.at(-1);
    if (current && index === next) current.length++;
    else found.push({ gap: index - next, length: 1 });
    next = index + 1;
  }
  return found;
}
