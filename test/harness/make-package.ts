// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './child.ts';
import { probeCommand } from './paths.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A probe package of a test's own, in a folder of its own. */
export interface MadePackage extends Disposable {
  path: string;
  /** Writes a file of the package. */
  write(file: string, content: string | Uint8Array): void;
  /** Runs `sonde-probe build` on it. */
  build(): Promise<string>;
}

/** Makes a package from a manifest and, if given, the C of `bpf/<name>.bpf.c`, which is compiled. */
export async function makePackage(name: string, manifest: string, source?: string): Promise<MadePackage> {
  const folder = temporaryFolder();
  const write = (file: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder.path, file)), { recursive: true });
    writeFileSync(join(folder.path, file), content);
  };
  const made = { ...folder, write, build: () => run(process.execPath, [probeCommand, 'build', folder.path]) };
  write('package.json', JSON.stringify({ name, version: '1.0.0', type: 'module' }));
  write('probe.yaml', manifest);
  if (source !== undefined) {
    write(`bpf/${name}.bpf.c`, source);
    await made.build();
  }
  return made;
}
