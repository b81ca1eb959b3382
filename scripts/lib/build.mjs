// SPDX-License-Identifier: Apache-2.0
import { chmodSync, existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './paths.mjs';
import { progress, quietly } from './progress.mjs';

const probeTool = join(root, 'framework/kit/dist/tools/main.js');
const commands = [probeTool, join(root, 'framework/host/dist/cli/main.js')];

/** Builds what is older than its sources: addon and TypeScript side by side, then all that holds BPF programs. */
export async function build() {
  await Promise.all([
    progress('Building the native addon', () => quietly('make', ['-s', '-C', join(root, 'native')])),
    progress('Compiling TypeScript', () => quietly('npx', ['--no', 'tsc', '-b'], { cwd: root })),
  ]);
  for (const command of commands.filter(existsSync)) chmodSync(command, 0o755);
  await progress('Building the probes', () => quietly(process.execPath, [probeTool, 'build', ...foldersWithBpf()]));
}

/** The host's own BPF object, the built-in probes, and the packages of the tests. */
function foldersWithBpf() {
  return globSync('{framework,probes,test/packages,test/fixtures}/*/bpf', { cwd: root }).map((bpf) => join(root, dirname(bpf)));
}
