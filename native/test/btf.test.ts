// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { BtfError, parseBtf } from '../src/btf.ts';
import type { Btf, BtfKind, BtfType } from '../src/types.ts';
import { open } from './harness/objects.ts';

function find<K extends BtfKind>(btf: Btf, kind: K, name: string) {
  return btf.types.find((type) => type.kind === kind && type.name === name) as BtfType & { kind: K };
}

test('an object tells its structs with offsets, bit fields, arrays and nested types', async () => {
  const { btf } = await open('globals');
  const shape = find(btf, 'struct', 'shape');
  expect(shape.size).toBe(64);
  expect(shape.members.map(({ name, bitOffset, bitSize }) => [name, bitOffset / 8, bitSize])).toEqual([
    ['id', 0, 0],
    ['filled', 4, 1],
    ['edges', 4.125, 7],
    ['colour', 8, 0],
    ['name', 12, 0],
    ['weight', 28, 0],
    ['next', 32, 0],
    ['', 40, 0],
    ['seen', 56, 0],
  ]);
  const member = (name: string) => btf.types[shape.members.find((each) => each.name === name)!.type];
  expect(member('name')).toMatchObject({ kind: 'array', length: 16 });
  expect(btf.types[(member('name') as { type: number }).type]).toMatchObject({ kind: 'int', size: 1, name: 'char' });
  expect(member('next')).toMatchObject({ kind: 'ptr', type: shape.id });
  expect(member('')).toMatchObject({ kind: 'struct', size: 16 });
  expect(member('seen')).toMatchObject({ kind: 'int', bool: true });
  expect(member('weight')).toMatchObject({ kind: 'union', size: 4 });
});

test('an object tells its enumerations, floats and declaration tags', async () => {
  const { btf } = await open('globals');
  expect(find(btf, 'enum', 'colour').values.map(({ name, value }) => [name, value | 0])).toEqual([
    ['RED', 0],
    ['GREEN', 5],
    ['BLUE', -1],
  ]);
  expect(find(btf, 'float', 'float').size).toBe(4);
  const shape = find(btf, 'struct', 'shape');
  expect(find(btf, 'decl_tag', 'seen-tag')).toMatchObject({ type: shape.id, component: shape.members.length - 1 });
});

test('the graph survives JSON', async () => {
  const { btf } = await open('globals');
  expect(JSON.parse(JSON.stringify(btf))).toEqual(btf);
  expect(btf.types.every((type, id) => type.id === id)).toBe(true);
});

test('globals are told with their section, offset, size and type', async () => {
  const { globals, btf } = await open('globals');
  const byName = Object.fromEntries(globals.map((variable) => [variable.name, variable]));
  expect(byName['limit']).toMatchObject({ section: '.rodata', size: 4 });
  expect(byName['settings']).toMatchObject({ section: '.data', size: 24 });
  expect(btf.types[byName['settings']!.type]).toMatchObject({ kind: 'struct', name: 'settings' });
  expect(byName['seen']).toMatchObject({ section: '.bss', size: 8 });
  expect(byName['hidden']).toMatchObject({ section: '.data', size: 4 });
  expect(byName['LICENSE']).toBeUndefined();
});

test('64-bit enumerations, signed or not, are enumerations like any other', () => {
  const names = '\0wide\0MOST\0LEAST\0';
  const types = [
    1, ((19 | 0x80) << 24) | 2, 8, // enum64 wide, signed, two values
    6, 0, 1, // MOST = 2^32
    11, -2, -1, // LEAST = -2
  ];
  const header = [0x0001eb9f, 24, 0, types.length * 4, types.length * 4, names.length];
  const bytes = Buffer.concat([Buffer.from(Int32Array.from([...header, ...types]).buffer), Buffer.from(names)]);
  expect(parseBtf(bytes).types[1]).toEqual({
    id: 1,
    kind: 'enum',
    name: 'wide',
    size: 8,
    signed: true,
    values: [
      { name: 'MOST', value: 2 ** 32 },
      { name: 'LEAST', value: -2 },
    ],
  });
});

test('BTF that is cut short, or of an unknown kind, is refused', () => {
  const header = (types: number) => [0x0001eb9f, 24, 0, types, types, 1];
  const bytes = (...words: number[]) => new Uint8Array(Int32Array.from(words).buffer);
  expect(() => parseBtf(bytes(...header(64), 0, 1 << 24, 4))).toThrow(BtfError);
  expect(() => parseBtf(bytes(...header(12), 0, 31 << 24, 4))).toThrow('kind 31');
});
