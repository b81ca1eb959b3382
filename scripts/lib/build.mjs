// SPDX-License-Identifier: Apache-2.0
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageProgram, root } from './paths.mjs';
import { progress, quietly } from './progress.mjs';

const probeTool = join(root, 'framework/kit/dist/tools/main.js');
const commands = [probeTool, join(root, 'framework/host/dist/cli/main.js')];

/** Builds what is older than its sources: addon and TypeScript side by side, then all that holds BPF programs. */
export async function build() {
  await Promise.all([
    progress('Building the native addon', () => quietly('make', ['-s', '-C', join(root, 'native')])),
    progress('Compiling TypeScript', () => quietly(packageProgram('tsc'), ['-b'], { cwd: root })),
  ]);
  for (const command of commands.filter(existsSync)) chmodSync(command, 0o755);
  await progress('Building the probes', () => quietly(process.execPath, [probeTool, 'build', ...foldersWithBpf()]));
}

/** The host's own BPF objects, the built-in probes, and the packages of the tests. */
function foldersWithBpf() {
  const parents = ['framework', 'probes', 'test/packages', 'test/fixtures'].map((parent) => join(root, parent));
  const folders = parents.filter(existsSync).flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)));
  return folders.filter((folder) => filesIn(join(folder, 'bpf')).some((name) => name.endsWith('.bpf.c')));
}

function filesIn(folder) {
  return existsSync(folder) ? readdirSync(folder) : [];
}
