// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '../errors/index.ts';
import { buildDecoder } from './build-decoder.ts';
import { buildObjects, formatBuilt } from './build-objects.ts';

/**
 * `sonde-probe build [folder]…`: builds the BPF objects and the decoder of each package, by default of the working
 * directory. Says what it did on stdout.
 * @throws SONDE_BUILD_NOTHING for a folder with nothing to build, SONDE_BUILD_TOOL_MISSING, SONDE_BUILD_FAILED
 */
export async function buildCommand(folders: readonly string[]): Promise<void> {
  for (const folder of folders.length > 0 ? folders : ['.']) {
    const objects = await buildObjects(folder);
    for (const object of objects) console.log(formatBuilt(object));
    const hasDecoder = await buildDecoder(folder);
    if (objects.length === 0 && !hasDecoder) throw sondeError('SONDE_BUILD_NOTHING', { folder });
  }
}
