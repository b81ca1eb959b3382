// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from '@sonde/native';

/**
 * The maps that these programs use, with the overflow companions that the kit's macros declare. One map of a type that this
 * kernel lacks would fail the whole object, so no other is created.
 */
export function usedMaps(object: BpfObject, programs: ReadonlySet<string>): Set<string> {
  const used = new Set(object.programs.filter(({ name }) => programs.has(name)).flatMap(({ maps }) => maps));
  for (const { name } of object.maps) if (name.endsWith('__overflow') && used.has(name.slice(0, -'__overflow'.length))) used.add(name);
  return used;
}
