// SPDX-License-Identifier: Apache-2.0
import { findStruct, structLayout } from '@sonde/kit';
import type { Btf } from '@sonde/native';

/** Where each of these fields lies in a struct, in bytes. */
export function fieldOffsets<Name extends string>(btf: Btf, struct: string, names: readonly Name[]): Record<Name, number> {
  const layout = structLayout(btf, findStruct(btf, struct));
  return Object.fromEntries(names.map((name) => [name, layout.offset(name)])) as Record<Name, number>;
}

/** The values of an enum, by name. */
export function enumValues(btf: Btf, name: string): Readonly<Record<string, number>> {
  const found = btf.types.find((type) => type.kind === 'enum' && type.name === name);
  return Object.fromEntries(found?.kind === 'enum' ? found.values.map((entry) => [entry.name, entry.value]) : []);
}
