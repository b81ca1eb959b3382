// SPDX-License-Identifier: Apache-2.0
import type { Labels } from './exposition.ts';

/** A native histogram: counts by bucket index, not cumulative. */
export interface NativeHistogram {
  count: number;
  sum: number;
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  /** Index → count; index i holds what is in (base^(i-1), base^i] with base = 2^(2^-schema). */
  buckets: Map<number, number>;
}

export interface ProtobufMetric {
  labels: Labels;
  value?: number;
  histogram?: NativeHistogram;
}

export interface ProtobufFamily {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'summary' | 'untyped' | 'histogram' | 'gaugehistogram';
  metrics: ProtobufMetric[];
}

const types = ['counter', 'gauge', 'summary', 'untyped', 'histogram', 'gaugehistogram'] as const;

/** Reads length-delimited `io.prometheus.client.MetricFamily` messages, as Prometheus negotiates them. */
export function parseProtobufExposition(bytes: Uint8Array): Map<string, ProtobufFamily> {
  const reader = new Reader(bytes);
  const families = new Map<string, ProtobufFamily>();
  while (!reader.done) {
    const family = readFamily(reader.message());
    if (families.has(family.name)) throw new Error(`family ${family.name} twice`);
    families.set(family.name, family);
  }
  return families;
}

function readFamily(reader: Reader): ProtobufFamily {
  const family: ProtobufFamily = { name: '', help: '', type: 'counter', metrics: [] };
  reader.fields({
    1: () => (family.name = reader.text()),
    2: () => (family.help = reader.text()),
    3: () => (family.type = types[reader.varint()] ?? 'untyped'),
    4: () => family.metrics.push(readMetric(reader.message())),
  });
  return family;
}

function readMetric(reader: Reader): ProtobufMetric {
  const labels: Record<string, string> = {};
  const metric: ProtobufMetric = { labels };
  const readLabel = (pair: Reader): void => {
    let [name, value] = ['', ''];
    pair.fields({ 1: () => (name = pair.text()), 2: () => (value = pair.text()) });
    labels[name] = value;
  };
  const readValue = (number: Reader): void => {
    metric.value = 0;
    number.fields({ 1: () => (metric.value = number.double()) });
  };
  reader.fields({
    1: () => readLabel(reader.message()),
    2: () => readValue(reader.message()),
    3: () => readValue(reader.message()),
    5: () => readValue(reader.message()),
    7: () => (metric.histogram = readHistogram(reader.message())),
  });
  return metric;
}

function readHistogram(reader: Reader): NativeHistogram {
  const buckets = new Map<number, number>();
  const histogram: NativeHistogram = { count: 0, sum: 0, schema: 0, zeroThreshold: 0, zeroCount: 0, buckets };
  const spans: { offset: number; length: number }[] = [];
  const deltas: number[] = [];
  const readSpan = (span: Reader): void => {
    const read = { offset: 0, length: 0 };
    span.fields({ 1: () => (read.offset = span.signed()), 2: () => (read.length = span.varint()) });
    spans.push(read);
  };
  const readDeltas = (packed: Reader): void => {
    while (!packed.done) deltas.push(packed.signed());
  };
  reader.fields({
    1: () => (histogram.count = reader.varint()),
    2: () => (histogram.sum = reader.double()),
    5: () => (histogram.schema = reader.signed()),
    6: () => (histogram.zeroThreshold = reader.double()),
    7: () => (histogram.zeroCount = reader.varint()),
    12: () => readSpan(reader.message()),
    13: (wire) => (wire === 2 ? readDeltas(reader.message()) : deltas.push(reader.signed())),
  });
  let index = 0;
  let count = 0;
  let at = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++) {
      count += deltas[at++] ?? 0;
      if (count !== 0) buckets.set(index, count);
    }
  }
  return histogram;
}

/** The wire format of protocol buffers: just what this message needs. */
class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#view.byteLength;
  }

  /** Calls the handler of each field's number with its wire type; skips fields that have none. */
  fields(handlers: Record<number, (wire: number) => unknown>): void {
    while (!this.done) {
      const tag = this.varint();
      const handler = handlers[Math.floor(tag / 8)];
      if (handler) handler(tag % 8);
      else this.#skip(tag % 8);
    }
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#view.getUint8(this.#at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  /** A zigzag number. */
  signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  double(): number {
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  message(): Reader {
    return new Reader(this.#bytes());
  }

  text(): string {
    return new TextDecoder('utf-8', { fatal: true }).decode(this.#bytes());
  }

  #bytes(): Uint8Array {
    const length = this.varint();
    const start = this.#view.byteOffset + this.#at;
    this.#at += length;
    return new Uint8Array(this.#view.buffer, start, length);
  }

  #skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.#at += 8;
    else if (wire === 2) this.#bytes();
    else if (wire === 5) this.#at += 4;
    else throw new Error(`wire type ${wire}`);
  }
}
