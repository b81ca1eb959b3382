// SPDX-License-Identifier: Apache-2.0
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root, tools } from './paths.mjs';
import { progress, quietly } from './progress.mjs';

const kit = join(root, 'framework/kit');
const commands = [join(kit, 'dist/tools/main.js'), join(root, 'framework/host/dist/cli/main.js')];

/** What decides what `sonde-probe build` makes, beside the package itself. */
const probeBuilder = ['include', 'src/tools', 'src/decoder', 'src/manifest'].map((folder) => join(kit, folder));

/** Builds what is older than its sources: addon and TypeScript side by side, then each probe package. */
export async function build() {
  await Promise.all([
    progress('Building the native addon', () => quietly('make', ['-s', '-C', join(root, 'native')])),
    progress('Compiling TypeScript', () => quietly('npx', ['--no', 'tsc', '-b'], { cwd: root })),
  ]);
  for (const command of commands.filter(existsSync)) chmodSync(command, 0o755);
  await Promise.all(packagesWithBpf().filter(isStale).map(buildPackage));
}

/** The host's own BPF object, the built-in probes and the sample packages. */
function packagesWithBpf() {
  const inFolder = (folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name));
  const probes = [...inFolder('probes'), ...inFolder('test/packages')];
  return [join(root, 'framework/host'), ...probes.filter((folder) => existsSync(join(folder, 'probe.yaml')))];
}

async function buildPackage(folder) {
  const began = new Date();
  const tool = join(kit, 'dist/tools/main.js');
  await progress(`Building ${basename(folder)}`, () => quietly(process.execPath, [tool, 'build', folder]));
  const stamp = stampOf(folder);
  mkdirSync(join(stamp, '..'), { recursive: true });
  writeFileSync(stamp, '');
  utimesSync(stamp, began, began);
}

function isStale(folder) {
  const stamp = stampOf(folder);
  if (!existsSync(stamp) || !existsSync(join(folder, 'dist'))) return true;
  return newest([folder, ...probeBuilder]) > statSync(stamp).mtimeMs;
}

function stampOf(folder) {
  return join(tools, 'built', basename(folder));
}

/** When the youngest of the files below these folders was written, built and installed ones aside. */
function newest(folders) {
  const skipped = new Set(['node_modules', 'dist', 'build', 'test']);
  const times = folders.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return skipped.has(entry.name) ? 0 : newest([path]);
      return statSync(path).mtimeMs;
    }),
  );
  return Math.max(0, ...times);
}
