// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from '@sonde/native';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  fieldNames,
  fieldReader,
  fieldsWithMeaning,
  fieldWriter,
  findStruct,
  histogramLayout,
  numberReader,
  resolvePath,
  structLayout,
  textReader,
  type FieldLayout,
} from '../../src/index.ts';
import { openBuilt } from '../opened-object.ts';

let object: BpfObject;
let everything: number;
beforeAll(async () => {
  object = await openBuilt(path.join(import.meta.dirname, 'fixtures/layout.bpf.c'));
  everything = findStruct(object.btf, 'everything');
});
afterAll(() => object.close());

const field = (name: string): FieldLayout => resolvePath(object.btf, everything, name);

/** What the compiler said, not what BTF says: offsets of the C struct above. */
test.each([
  ['event.time', 0, 8, 'ns'],
  ['event.kind', 8, 4, 'u'],
  ['process', 16, 16, 'process'],
  ['process.tgid', 16, 4, 'u'],
  ['peer', 32, 20, 'struct'],
  ['peer.addr', 32, 16, 'ip'],
  ['peer.addr.bytes[15]', 47, 1, 'u'],
  ['peer.port', 48, 2, 'port'],
  ['peer.port_be', 50, 2, 'portBe'],
  ['byte', 52, 1, 'u'],
  ['small', 53, 1, 'i'],
  ['word', 54, 2, 'u'],
  ['signed_word', 56, 2, 'i'],
  ['number', 60, 4, 'u'],
  ['signed_number', 64, 4, 'i'],
  ['big', 72, 8, 'u'],
  ['signed_big', 80, 8, 'i'],
  ['yes', 88, 1, 'bool'],
  ['role', 92, 4, 'enum'],
  ['name', 96, 12, 'chars'],
  ['slots[3]', 144, 8, 'u'],
  ['peers[2].port', 208, 2, 'port'],
  ['as_number', 216, 4, 'u'],
  ['second', 218, 2, 'u'],
  ['choice.b[1]', 228, 4, 'u'],
  ['latency.slots[103]', 288 + 24 + 103 * 8, 8, 'u'],
])('%s lies at byte %d, is %d bytes and %s', (name, offset, size, kind) => {
  expect(field(name)).toMatchObject({ offset, size, kind, count: 1 });
});

test('an array that is not indexed says how many it has', () => {
  expect(field('slots')).toMatchObject({ offset: 120, size: 8, kind: 'u', count: 4, typeName: 'u64[4]' });
  expect(field('raw')).toMatchObject({ size: 1, count: 6 });
  expect(field('peers')).toMatchObject({ size: 20, kind: 'struct', count: 3 });
  expect(field('latencies')).toMatchObject({ size: 856, kind: 'histogram', count: 2 });
});

test('the empty path is the whole', () => {
  expect(field('')).toMatchObject({ offset: 0, kind: 'struct', typeName: 'struct everything' });
});

test('typedefs of the kit carry their meaning through qualifiers', () => {
  const names = [
    'duration',
    'cgroup',
    'ifindex',
    'netns',
    'dev',
    'error',
    'comm',
    'stack',
    'latency',
    'sizes',
    'qualified',
    'pointer',
  ];
  expect(names.map((name) => field(name).kind)).toEqual([
    'ns',
    'cgroup',
    'ifindex',
    'netns',
    'dev',
    'errno',
    'comm',
    'stack',
    'histogram',
    'sizeHistogram',
    'u',
    'pointer',
  ]);
});

test('a histogram tells its parts, its range and its unit', () => {
  const latency = field('latency');
  expect(histogramLayout(object.btf, latency)).toEqual({
    sum: latency.offset,
    zero: latency.offset + 8,
    over: latency.offset + 16,
    slots: latency.offset + 24,
    count: 104,
    range: { from: -20, to: 6 },
    sumScale: 1e-9,
  });
  expect(histogramLayout(object.btf, field('sizes'))).toMatchObject({ range: { from: 0, to: 26 }, sumScale: 1 });
  expect(histogramLayout(object.btf, field('latencies[1]'))).toMatchObject({ sum: field('latencies').offset + 856 });
  expect(histogramLayout(object.btf, field('big'))).toBeUndefined();
});

test('bit fields are read where they are, signed ones too', () => {
  const view = new DataView(new ArrayBuffer(2048));
  const base = 8;
  view.setUint32(base + field('low').offset, (5 | (200_000 << 3) | ((-7 & 31) << 21)) >>> 0, true);
  expect(field('middle').bits).toEqual({ shift: 3, width: 18 });
  expect(['low', 'middle', 'signed_bits'].map((name) => numberReader(field(name))(view, base))).toEqual([
    5, 200_000, -7,
  ]);
});

test('numbers of every width are read, big ones without BigInt', () => {
  const view = new DataView(new ArrayBuffer(2048));
  const base = 16;
  const at = (name: string): number => base + field(name).offset;
  view.setUint8(at('byte'), 255);
  view.setInt8(at('small'), -2);
  view.setUint16(at('word'), 65_535, true);
  view.setInt16(at('signed_word'), -300, true);
  view.setUint32(at('number'), 4e9, true);
  view.setInt32(at('signed_number'), -2e9, true);
  view.setBigUint64(at('big'), 2n ** 53n - 1n, true);
  view.setBigInt64(at('signed_big'), -(2n ** 52n), true);
  view.setUint8(at('yes'), 1);
  const names = ['byte', 'small', 'word', 'signed_word', 'number', 'signed_number', 'big', 'signed_big', 'yes'];
  expect(names.map((name) => fieldReader(field(name))(view, base))).toEqual([
    255,
    -2,
    65_535,
    -300,
    4e9,
    -2e9,
    2 ** 53 - 1,
    -(2 ** 52),
    1,
  ]);
  expect(textReader(field('yes'))(view, base)).toBe('true');
});

test('fields with a meaning are shown as people write them', () => {
  const view = new DataView(new ArrayBuffer(2048));
  const at = (name: string): number => field(name).offset;
  const put = (name: string, bytes: readonly number[]): void => new Uint8Array(view.buffer).set(bytes, at(name));
  put('comm', [...new TextEncoder().encode('größe'), 0, 65]);
  put('name', [...new TextEncoder().encode('twelve bytes')]);
  view.setUint16(at('peer.port'), 5432, true);
  view.setUint16(at('peer.port_be'), 5432, false);
  view.setUint32(at('role'), 7, true);
  view.setUint32(at('dev'), (8 << 20) | 17, true);
  view.setInt32(at('error'), -2, true);
  view.setBigUint64(at('duration'), 1_500_000_000n, true);
  const shown = (name: string): number | string => fieldReader(field(name))(view, 0);
  expect(['comm', 'name', 'peer.port', 'peer.port_be', 'role', 'dev', 'error', 'duration'].map(shown)).toEqual([
    'größe',
    'twelve bytes',
    5432,
    5432,
    'ROLE_SERVER',
    '8:17',
    'ENOENT',
    1.5,
  ]);
  view.setUint32(at('role'), 3, true);
  view.setInt32(at('error'), 0, true);
  expect(['role', 'error'].map(shown)).toEqual(['3', '']);
});

test.each([
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1], '192.0.2.1'],
  [[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], '2001:db8::1'],
  [[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2], 'fe80::1:0:0:2'],
  [[0, 1, 0, 0, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8], '1:0:3:4:5:6:7:8'],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], '::1'],
  [Array.from({ length: 16 }, () => 0), ''],
])('the address %j is %s', (bytes, text) => {
  const view = new DataView(new ArrayBuffer(2048));
  new Uint8Array(view.buffer).set(bytes, field('peer.addr').offset);
  expect(textReader(field('peer.addr'))(view, 0)).toBe(text);
});

test('a name that does not exist comes with the nearest that do', () => {
  expect(() => field('peer.prot')).toThrow(
    expect.objectContaining({
      code: 'SONDE_LAYOUT_FIELD',
      message: "struct everything has no field 'peer.prot'",
      hint: expect.stringMatching(/^Did you mean 'peer\.port'/),
    }),
  );
  expect(() => field('addr')).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/^Did you mean 'peer\.addr'\?/) }),
  );
  expect(() => field('slots[4]')).toThrow(expect.objectContaining({ code: 'SONDE_LAYOUT_FIELD' }));
  expect(() => field('number.x')).toThrow(expect.objectContaining({ code: 'SONDE_LAYOUT_FIELD' }));
});

test('a struct that does not exist comes with the nearest that do', () => {
  expect(() => findStruct(object.btf, 'everythin')).toThrow(
    expect.objectContaining({
      code: 'SONDE_LAYOUT_STRUCT',
      hint: expect.stringMatching(/^Did you mean 'everything'\?/),
    }),
  );
});

test('fields are found by name and by meaning', () => {
  expect(fieldNames(object.btf, everything)).toEqual(
    expect.arrayContaining(['event.time', 'process', 'peer.port', 'second', 'choice.b']),
  );
  expect(fieldsWithMeaning(object.btf, everything, 'process')).toEqual(['process']);
  expect(fieldsWithMeaning(object.btf, findStruct(object.btf, 'sonde_process'), 'process')).toEqual(['']);
});

test.each(['process', 'slots', 'latency', 'peer'])('%s is more than one value, so it has no reader', (name) => {
  expect(() => fieldReader(field(name))).toThrow(expect.objectContaining({ code: 'SONDE_LAYOUT_TYPE' }));
});

test('text is no number', () => {
  expect(() => numberReader(field('name'))).toThrow(expect.objectContaining({ code: 'SONDE_LAYOUT_TYPE' }));
});

test('a decoder sees a struct by its name, its size and its fields', () => {
  const layout = structLayout(object.btf, everything);
  expect(layout).toMatchObject({ name: 'everything' });
  expect(layout.size % 8).toBe(0);
  expect(layout.offset('peer.port')).toBe(48);
  const view = new DataView(new ArrayBuffer(layout.size));
  view.setUint16(48, 80, true);
  expect([layout.number('peer.port')(view, 0), layout.text('peer.port')(view, 0)]).toEqual([80, '80']);
});

test('globals are written by path, and what was written is what the object has', () => {
  const global = object.globals.find(({ name }) => name === 'settings')!;
  const write = (name: string, value: boolean | number | string): number[] => {
    const target = resolvePath(object.btf, global.type, name);
    const bytes = fieldWriter(target)(value);
    object.setGlobal('settings', target.offset, bytes);
    return [...object.readGlobal('settings', target.offset, target.size)];
  };
  expect(write('slow_ns', 5e9)).toEqual([0, 0xf2, 5, 0x2a, 1, 0, 0, 0]);
  expect(write('report', true)).toEqual([1]);
  expect(write('prefix', 'abc')).toEqual([97, 98, 99, 0, 0, 0, 0, 0]);
  expect(write('limits[2]', 513)).toEqual([1, 2]);
  expect(write('role', 7)).toEqual([7, 0, 0, 0]);
});

test.each([
  ['limits[0]', 65_536],
  ['limits[0]', -1],
  ['limits[0]', 1.5],
  ['prefix', 'too long'],
])('%s cannot hold %j', (name, value) => {
  const global = object.globals.find((candidate) => candidate.name === 'settings')!;
  const writer = fieldWriter(resolvePath(object.btf, global.type, name));
  expect(() => writer(value)).toThrow(expect.objectContaining({ code: 'SONDE_LAYOUT_TYPE' }));
});
