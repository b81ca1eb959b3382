// SPDX-License-Identifier: Apache-2.0
import type { Btf, BtfType } from '@sonde/native';
import { sondeError, type SondeError } from '../errors/index.ts';
import { nearest, quoteNames } from '../input/index.ts';
import { sizeOf, typeName, unwrap } from './btf.ts';
import { fieldNames } from './fields.ts';
import type { FieldKind, FieldLayout } from './types.ts';

/**
 * Where the field lies that a path names in a type: `peer.addr`, `slots[3]`, `flags`. Members of anonymous structs and
 * unions are named directly. The empty path is the type itself.
 * @param typeId BTF id of the type that the path begins in
 * @throws SONDE_LAYOUT_FIELD with the nearest names that exist
 */
export function resolvePath(btf: Btf, typeId: number, path: string): FieldLayout {
  let found: Found = { id: typeId, bitOffset: 0, bitSize: 0 };
  for (const step of path.matchAll(/\[(\d+)\]|[^.[\]]+/g)) {
    const next = step[1] === undefined ? member(btf, found, step[0]) : element(btf, found, Number(step[1]));
    if (!next) throw unknownField(btf, typeId, path);
    found = next;
  }
  return layoutOf(btf, found);
}

/** All fields of a type by their paths, see `fieldNames`; a type that is no struct has none. */
export function fieldLayouts(btf: Btf, typeId: number): { path: string; field: FieldLayout }[] {
  return fieldNames(btf, typeId).map((path) => ({ path, field: resolvePath(btf, typeId, path) }));
}

/**
 * BTF id of a struct or typedef of a struct by its C name.
 * @throws SONDE_LAYOUT_STRUCT with the nearest names
 */
export function findStruct(btf: Btf, name: string): number {
  const structs = btf.types.filter(
    ({ id, kind }) => kind === 'struct' || (kind === 'typedef' && unwrap(btf, id).type.kind === 'struct'),
  );
  const found =
    structs.find((type) => type.kind === 'struct' && type.name === name) ?? structs.find((type) => type.name === name);
  if (found) return found.id;
  const near = quoteNames(nearest(name, structs.map((type) => type.name).filter(Boolean)));
  throw sondeError('SONDE_LAYOUT_STRUCT', { struct: name, nearest: near });
}

interface Found {
  id: number;
  /** From the start of the outermost type. */
  bitOffset: number;
  /** 0 for what is not a bit field. */
  bitSize: number;
}

function member(btf: Btf, { id, bitOffset }: Found, name: string): Found | undefined {
  const { type } = unwrap(btf, id);
  if (type.kind !== 'struct' && type.kind !== 'union') return undefined;
  for (const candidate of type.members) {
    const found = { id: candidate.type, bitOffset: bitOffset + candidate.bitOffset, bitSize: candidate.bitSize };
    if (candidate.name === name) return found;
    const inner = candidate.name === '' ? member(btf, found, name) : undefined;
    if (inner) return inner;
  }
  return undefined;
}

function element(btf: Btf, { id, bitOffset }: Found, index: number): Found | undefined {
  const { type } = unwrap(btf, id);
  if (type.kind !== 'array' || index >= type.length) return undefined;
  return { id: type.type, bitOffset: bitOffset + index * sizeOf(btf, type.type) * 8, bitSize: 0 };
}

function layoutOf(btf: Btf, { id, bitOffset, bitSize }: Found): FieldLayout {
  const { type, meaning } = unwrap(btf, id);
  const base = { offset: Math.floor(bitOffset / 8), typeName: typeName(btf, id) };
  if (meaning)
    return { ...base, kind: meaning, size: sizeOf(btf, id), count: 1, signed: isSigned(type), type: type.id };
  if (type.kind === 'array') return arrayLayout(btf, type, base);
  return {
    ...base,
    kind: kindOf(type),
    size: sizeOf(btf, id),
    count: 1,
    signed: isSigned(type),
    type: type.id,
    ...(type.kind === 'enum' && { values: type.values }),
    ...(bitSize > 0 && { bits: { shift: bitOffset % 8, width: bitSize } }),
  };
}

function arrayLayout(
  btf: Btf,
  array: BtfType & { kind: 'array' },
  base: { offset: number; typeName: string },
): FieldLayout {
  const first = layoutOf(btf, { id: array.type, bitOffset: 0, bitSize: 0 });
  const { type } = unwrap(btf, array.type);
  if (type.kind === 'int' && type.name === 'char') return { ...first, ...base, kind: 'chars', size: array.length };
  return { ...first, ...base, count: first.count * array.length };
}

function kindOf(type: BtfType): FieldKind {
  switch (type.kind) {
    case 'int':
      if (type.bool || type.name === '_Bool') return 'bool';
      return type.signed ? 'i' : 'u';
    case 'float':
      return 'f';
    case 'enum':
      return 'enum';
    case 'ptr':
      return 'pointer';
    default:
      return 'struct';
  }
}

function isSigned(type: BtfType): boolean {
  return 'signed' in type && type.signed;
}

function unknownField(btf: Btf, typeId: number, path: string): SondeError {
  const names = fieldNames(btf, typeId);
  const last = path.split('.').at(-1) ?? path;
  const sameEnding = names.filter((name) => name.endsWith(`.${last}`));
  const near = [...new Set([...nearest(path, names), ...sameEnding])].slice(0, 3);
  const values = { type: typeName(btf, typeId), field: path, nearest: quoteNames(near), known: list(names) };
  return sondeError('SONDE_LAYOUT_FIELD', values);
}

/** A long list is cut: nobody reads two hundred names. */
function list(names: readonly string[]): string {
  const shown = quoteNames(names.slice(0, 20), 'and');
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown;
}
