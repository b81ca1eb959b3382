// SPDX-License-Identifier: Apache-2.0
import type { Btf } from '@sonde/native';
import { unwrap } from './btf.ts';
import type { Meaning } from './types.ts';

/** Paths of all fields, inner ones after a dot; of an array only the name. A type with a meaning is not looked into. */
export function fieldNames(btf: Btf, typeId: number): string[] {
  return walk(btf, typeId, '').map(({ path }) => path);
}

/** Paths of the fields of a type that have a meaning, such as `process`; `''` if it is the type itself. */
export function fieldsWithMeaning(btf: Btf, typeId: number, meaning: Meaning): string[] {
  if (unwrap(btf, typeId).meaning === meaning) return [''];
  return walk(btf, typeId, '')
    .filter((field) => field.meaning === meaning)
    .map(({ path }) => path);
}

/** Whether the first member of a struct is a struct of this name. */
export function beginsWithStruct(btf: Btf, typeId: number, name: string): boolean {
  const { type } = unwrap(btf, typeId);
  const first = type.kind === 'struct' ? type.members[0] : undefined;
  return first !== undefined && unwrap(btf, first.type).type.name === name;
}

interface Field {
  path: string;
  meaning?: Meaning;
}

function walk(btf: Btf, typeId: number, prefix: string): Field[] {
  const { type } = unwrap(btf, typeId);
  if (type.kind !== 'struct' && type.kind !== 'union') return [];
  return type.members.flatMap(({ name, type: memberType }): Field[] => {
    const path = name === '' ? prefix : prefix === '' ? name : `${prefix}.${name}`;
    const { meaning } = unwrap(btf, memberType);
    if (meaning) return [{ path, meaning }];
    const inner = walk(btf, memberType, path);
    return inner.length > 0 || name === '' ? inner : [{ path }];
  });
}
