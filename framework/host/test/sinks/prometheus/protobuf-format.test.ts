// SPDX-License-Identifier: Apache-2.0
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { protobufFormat } from '../../../src/sinks/prometheus/protobuf-format.ts';
import { textFormat } from '../../../src/sinks/prometheus/text-format.ts';
import { parseText } from './parse-text.ts';
import { render } from './render.ts';
import { BY_EXECUTABLE, openShop, sell, sellTraced, TRACES } from './shop.ts';

/** The part of client_model's metrics.proto that this house writes. */
const { root } = protobuf.parse(
  `syntax = "proto2";
  package io.prometheus.client;
  message LabelPair { optional string name = 1; optional string value = 2; }
  enum MetricType { COUNTER = 0; GAUGE = 1; SUMMARY = 2; UNTYPED = 3; HISTOGRAM = 4; GAUGE_HISTOGRAM = 5; }
  message Timestamp { optional int64 seconds = 1; optional int32 nanos = 2; }
  message Gauge { optional double value = 1; }
  message Exemplar { repeated LabelPair label = 1; optional double value = 2; optional Timestamp timestamp = 3; }
  message Counter {
    optional double value = 1; optional Exemplar exemplar = 2; optional Timestamp created_timestamp = 3;
  }
  message Bucket {
    optional uint64 cumulative_count = 1; optional double upper_bound = 2; optional Exemplar exemplar = 3;
  }
  message BucketSpan { optional sint32 offset = 1; optional uint32 length = 2; }
  message Histogram {
    optional uint64 sample_count = 1; optional double sample_sum = 2; repeated Bucket bucket = 3;
    optional sint32 schema = 5; optional double zero_threshold = 6; optional uint64 zero_count = 7;
    repeated BucketSpan positive_span = 12; repeated sint64 positive_delta = 13;
    optional Timestamp created_timestamp = 15; repeated Exemplar exemplars = 16;
  }
  message Metric {
    repeated LabelPair label = 1; optional Gauge gauge = 2; optional Counter counter = 3;
    optional Histogram histogram = 7;
  }
  message MetricFamily {
    optional string name = 1; optional string help = 2; optional MetricType type = 3; repeated Metric metric = 4;
    optional string unit = 5;
  }`,
  { keepCase: true },
);
const MetricFamily = root.lookupType('io.prometheus.client.MetricFamily');

interface Exemplar {
  label: { name: string; value: string }[];
  value: number;
  timestamp: { seconds: number; nanos: number };
}

interface Metric {
  label: { name: string; value: string }[];
  counter?: { value: number; exemplar?: Exemplar; created_timestamp?: { seconds: number } };
  gauge?: { value: number };
  histogram?: {
    sample_count: number;
    sample_sum: number;
    bucket: { cumulative_count: number; upper_bound: number; exemplar?: Exemplar }[];
    schema: number;
    zero_threshold: number;
    zero_count: number;
    positive_span: { offset: number; length: number }[];
    positive_delta: number[];
    exemplars: Exemplar[];
  };
}

interface DecodedFamily {
  name: string;
  help: string;
  type: string;
  unit?: string;
  metric: Metric[];
}

function decode(bytes: Buffer): Map<string, DecodedFamily> {
  const reader = protobuf.Reader.create(bytes);
  const families = new Map<string, DecodedFamily>();
  while (reader.pos < reader.len) {
    const family = MetricFamily.toObject(MetricFamily.decodeDelimited(reader), {
      longs: Number,
      enums: String,
      arrays: true,
    });
    if (families.has(family['name'])) throw new Error(`family ${family['name']} comes twice`);
    families.set(family['name'], family as DecodedFamily);
  }
  return families;
}

/** Index of the native bucket → count. */
function nativeBuckets({ positive_span, positive_delta }: NonNullable<Metric['histogram']>): Map<number, number> {
  const buckets = new Map<number, number>();
  let [index, count] = [0, 0];
  const deltas = positive_delta.values();
  for (const { offset, length } of positive_span) {
    index += offset;
    for (let i = 0; i < length; i++) {
      count += deltas.next().value!;
      buckets.set(index++, count);
    }
  }
  expect(deltas.next().done).toBe(true);
  return buckets;
}

function setUp() {
  const shop = openShop();
  const reader = shop.store.view(BY_EXECUTABLE).reader();
  sell(shop);
  const text = parseText(render(reader, textFormat({ openMetrics: false, created: false })).toString(), false);
  return { ...shop, reader, text, families: decode(render(reader, protobufFormat({ created: false }))) };
}

const labelsOf = ({ label }: Metric) => Object.fromEntries(label.map(({ name, value }) => [name, value]));

test('has the families of the text format, with the same labels and values', () => {
  const { text, families } = setUp();
  expect([...families.keys()]).toEqual([...text.keys()]);
  for (const [name, { help, type, metric }] of families) {
    const expected = text.get(name)!;
    expect({ help, type: type.toLowerCase() }).toEqual({ help: expected.help, type: expected.type });
    if (type === 'HISTOGRAM') continue;
    const samples = metric.map((each) => ({
      name,
      labels: labelsOf(each),
      value: (each.counter ?? each.gauge)!.value,
    }));
    expect(samples).toEqual(expected.samples);
  }
  expect(families.get('shop_sent_bytes_total')!.unit).toBe('bytes');
});

test('native histograms agree with the classic buckets, in protobuf and in text, edge by edge', () => {
  const { text, families } = setUp();
  const samples = text.get('shop_duration_seconds')!.samples;
  const { metric } = families.get('shop_duration_seconds')!;
  expect(metric).toHaveLength(10);
  for (const each of metric) {
    const histogram = each.histogram!;
    const buckets = nativeBuckets(histogram);
    expect(histogram).toMatchObject({ schema: 2, zero_threshold: 2 ** -20 });
    const upTo = (edge: number) =>
      histogram.zero_count +
      [...buckets].filter(([index]) => 2 ** (index / 4) <= edge).reduce((sum, [, n]) => sum + n, 0);
    expect(upTo(Infinity)).toBe(histogram.sample_count);
    for (const { upper_bound, cumulative_count } of histogram.bucket) expect(upTo(upper_bound)).toBe(cumulative_count);

    const item = labelsOf(each)['shop_item'];
    const own = samples.filter(({ labels }) => labels['shop_item'] === item);
    const classic = own.filter(({ labels }) => labels['le'] && labels['le'] !== '+Inf');
    expect(classic.map(({ labels, value }) => [Number(labels['le']), value])).toEqual(
      histogram.bucket.map(({ upper_bound, cumulative_count }) => [upper_bound, cumulative_count]),
    );
    expect(own.slice(-2).map(({ value }) => value)).toEqual([histogram.sample_sum, histogram.sample_count]);
  }
});

test('slot i ends at 2^((i − 79) / 4) s, and what is over takes the index after the last', () => {
  const { families } = setUp();
  // Of the third item: slots 20, 22, 23 and two observations over.
  const { histogram } = families.get('shop_duration_seconds')!.metric[2]!;
  expect([...nativeBuckets(histogram!)]).toEqual([
    [20 - 79, 1],
    [22 - 79, 2],
    [23 - 79, 2],
    [104 - 79, 2],
  ]);
});

test('counts beyond 2^32 and times of creation survive', () => {
  const { store, people, reader } = setUp();
  const table = store.define({
    probe: 'big',
    name: 'big',
    attributes: [],
    metrics: [{ name: 'big.time', type: 'histogram', unit: 's', help: 'Big' }],
  });
  const huge = 2 ** 52 + 1;
  table.addHistogram(table.row(people.born('x'), []), 0, { zero: 5, over: 0, sum: 0, slots: [huge, 1], from: 3 });
  const families = decode(render(reader, protobufFormat({ created: true })));
  const { histogram } = families.get('big_time_seconds')!.metric[0]!;
  expect([...nativeBuckets(histogram!).values()]).toEqual([huge, 1]);
  expect(histogram!.sample_count).toBe(huge + 6);
  const { counter } = families.get('shop_sent_bytes_total')!.metric[0]!;
  expect(Math.abs(counter!.created_timestamp!.seconds - Date.now() / 1000)).toBeLessThan(60);
});

test('exemplars are on the counter, on their buckets, and in the order of time in the native histogram', () => {
  const shop = setUp();
  const { time } = sellTraced(shop);
  const families = decode(render(shop.reader, protobufFormat({ created: false })));
  const traced = (name: string) =>
    families.get(name)!.metric.find((metric) => labelsOf(metric)['shop_item'] === 'traced')!;
  const [old, recent] = TRACES.map(({ traceId, spanId }, i) => ({
    label: [
      { name: 'trace_id', value: traceId },
      { name: 'span_id', value: spanId },
    ],
    value: [0.24, 100][i],
    timestamp: { seconds: Math.floor(time / 1000), nanos: [0, 250_000_000][i] },
  }));
  expect(traced('shop_sent_bytes_total').counter!.exemplar).toMatchObject({ label: old!.label, value: 12 });
  const { bucket, exemplars, sample_count } = traced('shop_duration_seconds').histogram!;
  expect(exemplars).toEqual([old, recent]);
  expect(bucket.filter(({ exemplar }) => exemplar)).toEqual([
    { upper_bound: 0.25, cumulative_count: 1, exemplar: old },
    { upper_bound: Infinity, cumulative_count: sample_count, exemplar: recent },
  ]);
  expect(families.get('shop_duration_seconds')!.metric[0]!.histogram!.exemplars).toEqual([]);
});
