// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseProtobufExposition } from './exposition-protobuf.ts';

const bytes = (...parts: (number | string | number[])[]): number[] =>
  parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part)] : part));
const field = (number: number, content: number[]): number[] => [number * 8 + 2, content.length, ...content];
const double = (value: number): number[] => [...new Uint8Array(new Float64Array([value]).buffer)];

test('a counter and a native histogram with two spans are read', () => {
  const label = field(1, bytes(field(1, bytes('x')), field(2, bytes('1'))));
  const counter = bytes(label, field(3, bytes(0x09, double(42))));
  // schema 2; spans (-3, 2) and (1, 1); deltas 4, -1, +2 → indices -3: 4, -2: 3, 0: 5
  const spans = [field(12, [0x08, 5, 0x10, 2]), field(12, [0x08, 2, 0x10, 1])].flat();
  const histogram = bytes(0x08, [0x8c, 0x01], 0x11, double(1.5), 0x28, 4, 0x38, 2, spans, field(13, [8, 1, 4]));
  const message = bytes(
    field(1, bytes('h')), 0x18, 4, field(4, field(7, histogram)),
  );
  const first = bytes(field(1, bytes('c_total')), 0x18, 0, field(4, counter));
  const families = parseProtobufExposition(Uint8Array.from([first.length, ...first, message.length, ...message]));
  expect(families.get('c_total')).toEqual({ name: 'c_total', help: '', type: 'counter', metrics: [{ labels: { x: '1' }, value: 42 }] });
  expect(families.get('h')?.metrics[0]?.histogram).toEqual({
    count: 140,
    sum: 1.5,
    schema: 2,
    zeroThreshold: 0,
    zeroCount: 2,
    buckets: new Map([[-3, 4], [-2, 3], [0, 5]]),
  });
});
