// SPDX-License-Identifier: Apache-2.0
import { checkManifest, type SondeError } from '@sonde/kit';
import type { BpfObject } from '@sonde/native';
import type { ProbePackage } from '../packages/types.ts';
import { open } from './load-object.ts';

/**
 * What is wrong between the manifest of a package and its objects, which are opened and not loaded.
 * @throws SONDE_FILE_UNREADABLE, SONDE_OBJECT_CORRUPT
 */
export async function checkObjects({ source, objectFiles }: ProbePackage): Promise<SondeError[]> {
  const objects: BpfObject[] = [];
  try {
    for (const file of objectFiles) objects.push(await open(file));
    return checkManifest(source, objects);
  } finally {
    await Promise.all(objects.map((object) => object.close()));
  }
}
