// SPDX-License-Identifier: Apache-2.0
import type { Btf, BtfType } from '@sonde/native';

/** Byte offsets of the fields of a struct, by dotted path; nested structs both as a whole and by field. */
export function structOffsets(btf: Btf, name: string): ReadonlyMap<string, number> {
  const struct = btf.types.find((type) => type.kind === 'struct' && type.name === name);
  const offsets = new Map<string, number>();
  if (struct !== undefined) addMembers(btf, struct, '', 0, offsets);
  return offsets;
}

function addMembers(btf: Btf, type: BtfType, prefix: string, base: number, offsets: Map<string, number>): void {
  if (type.kind !== 'struct') return;
  for (const member of type.members) {
    const offset = base + member.bitOffset / 8;
    offsets.set(prefix + member.name, offset);
    addMembers(btf, underlying(btf, member.type), `${prefix}${member.name}.`, offset, offsets);
  }
}

function underlying(btf: Btf, id: number): BtfType {
  const type = btf.types[id]!;
  return type.kind === 'typedef' || type.kind === 'const' || type.kind === 'volatile' ? underlying(btf, type.type) : type;
}

/** Values of an enum by name. */
export function enumValues(btf: Btf, name: string): ReadonlyMap<string, number> {
  const found = btf.types.find((type) => type.kind === 'enum' && type.name === name);
  return new Map(found?.kind === 'enum' ? found.values.map(({ name, value }) => [name, value]) : []);
}
