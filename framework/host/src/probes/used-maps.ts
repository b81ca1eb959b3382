// SPDX-License-Identifier: Apache-2.0
import type { BpfObject } from '@sonde/native';

const COMPANION = '__overflow';

/**
 * The maps that these programs use, with the overflow companions that the kit's macros declare. One map of a type that this
 * kernel lacks would fail the whole object, so no other is created.
 */
export function usedMaps(object: BpfObject, programs: ReadonlySet<string>): Set<string> {
  const used = new Set(object.programs.filter(({ name }) => programs.has(name)).flatMap(({ maps }) => maps));
  for (const { name } of object.maps) if (name.endsWith(COMPANION) && used.has(name.slice(0, -COMPANION.length))) used.add(name);
  return used;
}

/** Whether a loaded object has this map in the kernel: one that no loaded program uses was not created. */
export function isCreated(object: BpfObject, name: string): boolean {
  try {
    object.map(name);
    return true;
  } catch {
    return false;
  }
}
