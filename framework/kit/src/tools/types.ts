// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sondeError } from '../errors/index.ts';
import { loadManifest } from '../manifest/index.ts';
import { bpfTypes } from './bpf-types.ts';
import type { Command } from './command.ts';
import { withPackageObjects } from './package-object.ts';

/** Where the types are written, in the package. */
const output = 'src/bpf.d.ts';

export const typesCommand: Command = {
  summary: `write the TypeScript types of a package's BPF structs and maps to ${output}`,
  help: `Reads the type information (BTF) of the object and writes, for each map and for each struct that the BPF source
names with SONDE_EXPORT(), the paths that the layouts of a decoder take and what is read there:

  import type { Structs } from './bpf.d.ts';
  const duration: keyof Structs['slow_call'] = 'duration';

Run it after each change of the BPF source, and keep the file under version control.`,
  json: true,
  run: async (folders, { json }) => {
    const written = await Promise.all(folders.map(writeTypes));
    if (json) console.log(JSON.stringify(written, null, 2));
    else for (const { file } of written) console.log(`written  ${path.relative(process.cwd(), file)}`);
  },
};

/**
 * Writes the types of the package in a folder.
 * @throws SONDE_PACKAGE_FILE_MISSING, SONDE_USAGE for a package without an object, and what `loadManifest` throws
 */
async function writeTypes(folder: string): Promise<{ file: string }> {
  const source = await loadManifest(folder);
  return withPackageObjects(source, async ([first]) => {
    if (!first) {
      const problem = `${source.file} names no object`;
      throw sondeError('SONDE_USAGE', { problem, command: 'sonde-probe types' }, { place: { file: source.file } });
    }
    const file = path.join(source.directory, output);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bpfTypes(first.object, first.name));
    return { file };
  });
}
