// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { expect, test } from 'vitest';
import { metricProducer } from '../../../src/series/index.ts';
import { formatEdge, textFormat } from '../../../src/sinks/prometheus/text-format.ts';
import { parseText } from './parse-text.ts';
import { render } from './render.ts';
import { BY_EXECUTABLE, HARD_VALUES, openShop, sell, sellTraced, SENT, SHOP, TRACES } from './shop.ts';

const TEXT = textFormat({ openMetrics: false, created: false });
const OPEN_METRICS = textFormat({ openMetrics: true, created: false });

function setUp() {
  const shop = openShop();
  const reader = shop.store.view(BY_EXECUTABLE).reader();
  sell(shop);
  return { ...shop, reader };
}

test.each([false, true])('every value, label and help reads back as it was (OpenMetrics: %s)', (openMetrics) => {
  const { reader } = setUp();
  const families = parseText(render(reader, openMetrics ? OPEN_METRICS : TEXT).toString(), openMetrics);
  const sent = families.get(openMetrics ? 'shop_sent_bytes' : 'shop_sent_bytes_total')!;
  expect(sent).toMatchObject({ type: 'counter', help: SHOP.metrics[SENT]!.help });
  expect(sent.unit).toBe(openMetrics ? 'bytes' : undefined);
  expect(sent.samples.map(({ labels, value }) => [labels['shop_item'], value])).toEqual([
    ...HARD_VALUES.map((item, i) => [item.toWellFormed(), 10 ** i + i]),
    [undefined, 0],
  ]);
  expect(sent.samples[0]!.labels).toEqual({ process_executable_name: 'redis-server', shop_item: 'plain' });
  expect(families.get('shop_load_ratio')!.samples.map(({ value }) => value)).toEqual([
    0.1,
    -1.5,
    1e-9,
    1e21,
    2 ** 53,
    0,
    123456789012,
    Infinity,
    -Infinity,
    3,
  ]);
  expect(families.get('shop_queue')).toMatchObject({ type: 'gauge', help: 'Orders waiting' });
});

test('a histogram has cumulative buckets at powers of two, and what is over only in +Inf', () => {
  const { reader } = setUp();
  const family = parseText(render(reader, TEXT).toString(), false).get('shop_duration_seconds')!;
  const of = (i: number) =>
    family.samples.filter(({ labels }) => labels['shop_item'] === HARD_VALUES[i]!.toWellFormed());
  const samples = of(2);
  const buckets = samples.filter(({ name }) => name.endsWith('_bucket'));
  expect(buckets.map(({ labels }) => Number(labels['le']!.replace('+Inf', 'Infinity')))).toEqual([
    ...Array.from({ length: 27 }, (_, i) => 2 ** (i - 20)),
    Infinity,
  ]);
  // Slots 20, 22 and 23 hold 1, 2 and 2: they end at 2^-14.75, 2^-14.25 and 2^-14, which is the edge of their octave.
  const counts = [...new Array<number>(6).fill(2), ...new Array<number>(21).fill(7), 9];
  expect(buckets.map(({ value }) => value)).toEqual(counts);
  expect(samples.slice(-2)).toMatchObject([
    { name: 'shop_duration_seconds_sum', value: 3 },
    { name: 'shop_duration_seconds_count', value: 9 },
  ]);
});

test('edges are written as Prometheus writes them', () => {
  expect([2 ** -20, 2 ** -14, 2 ** -13, 0.5, 1, 64].map((le) => formatEdge(le, false))).toEqual([
    '9.5367431640625e-07',
    '6.103515625e-05',
    '0.0001220703125',
    '0.5',
    '1',
    '64',
  ]);
  expect([1, 64, 0.5].map((le) => formatEdge(le, true))).toEqual(['1.0', '64.0', '0.5']);
});

test('only OpenMetrics says when a counter began, and only if asked', () => {
  const { reader } = setUp();
  const text = (openMetrics: boolean, created: boolean) =>
    render(reader, textFormat({ openMetrics, created })).toString();
  expect(text(false, true)).not.toContain('_created');
  expect(text(true, false)).not.toContain('_created');
  const families = parseText(text(true, true), true);
  const created = [...families].filter(([, { samples }]) => samples.some(({ name }) => name.endsWith('_created')));
  expect(created.map(([name]) => name)).toEqual(['sonde_loss', 'shop_sent_bytes', 'shop_duration_seconds']);
  const [first] = families.get('shop_sent_bytes')!.samples.filter(({ name }) => name.endsWith('_created'));
  expect(Math.abs(first!.value - Date.now() / 1000)).toBeLessThan(60);
});

test('OpenMetrics has exemplars on the counter and on the buckets that they fell into; the text format has none', () => {
  const shop = setUp();
  const before = render(shop.reader, TEXT).toString();
  expect(before).not.toContain('trace_id');
  const { time } = sellTraced(shop);
  expect(render(shop.reader, TEXT).toString()).not.toContain('trace_id');

  const families = parseText(render(shop.reader, OPEN_METRICS).toString(), true);
  const found = [...families.values()].flatMap(({ samples }) => samples.filter(({ exemplar }) => exemplar));
  const label = ({ traceId, spanId }: (typeof TRACES)[number]) => ({ trace_id: traceId, span_id: spanId });
  expect(found.map(({ name, labels, exemplar }) => [name, labels['le'], exemplar])).toEqual([
    ['shop_sent_bytes_total', undefined, { labels: label(TRACES[0]), value: 12, time: time / 1000 }],
    ['shop_duration_seconds_bucket', '0.25', { labels: label(TRACES[0]), value: 0.24, time: time / 1000 - 0.25 }],
    ['shop_duration_seconds_bucket', '+Inf', { labels: label(TRACES[1]), value: 100, time: time / 1000 }],
  ]);
});

test('promtool accepts the text', () => {
  const { reader } = setUp();
  const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], {
    input: render(reader, TEXT),
    encoding: 'utf8',
  });
  expect([stdout, stderr, status]).toEqual(['', '', 0]);
});

test('counters and gauges have the samples that the serialiser of the OpenTelemetry SDK writes', async () => {
  const { store, reader } = setUp();
  const { resourceMetrics } = await metricProducer(store, reader).collect();
  const theirs = new PrometheusSerializer(undefined, false, undefined, true, true).serialize(resourceMetrics);
  const lines = (text: string) =>
    text.split('\n').filter((line) => /^(shop|sonde)_[a-z]/.test(line) && !line.includes('duration'));
  const ours = lines(render(reader, TEXT).toString());
  // It puts the unit in no name.
  const withUnit = (line: string) =>
    line.replace('shop_sent_total', 'shop_sent_bytes_total').replace('shop_load', 'shop_load_ratio');
  const theirLines = lines(theirs).map(withUnit);
  expect(ours.sort()).toEqual(theirLines.sort());
});

test('a family that several tables have is written once, with equal series added up', () => {
  const { people, store, reader } = setUp();
  const other = store.define({ ...SHOP, attributes: ['shop.item', 'shop.clerk'] });
  const row = other.row(people.born('redis-server'), ['plain', '']);
  other.add(row, SENT, 100);
  other.set(row, 1, 7);
  other.addHistogram(row, 2, { zero: 1, over: 1, sum: 1e9, slots: [4], from: 0 });
  const families = parseText(render(reader, TEXT).toString(), false);
  const plain = (name: string) => families.get(name)!.samples.filter(({ labels }) => labels['shop_item'] === 'plain');
  expect(plain('shop_sent_bytes_total').map(({ value }) => value)).toEqual([101]);
  const durations = plain('shop_duration_seconds');
  expect(durations.at(-1)).toMatchObject({ name: 'shop_duration_seconds_count', value: 3 + 6 });
  expect(durations.at(-2)!.value).toBe(1);
});
