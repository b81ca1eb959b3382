// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.ts';
import { repository } from './paths.ts';
import { temporaryFolder } from './temporary-folder.ts';

interface LockEntry {
  link?: boolean;
  resolved?: string;
  dependencies?: Record<string, string>;
}

/** A folder outside of the repository in which packages were installed as a user would. */
export interface Installation extends Disposable {
  path: string;
  /** Where a package landed. */
  packageFolder(name: string): string;
}

/**
 * Packs packages of this repository with all that they depend on, and installs the tarballs in a new folder.
 * Needs no registry: third-party packages are packed from `node_modules`.
 */
export async function installElsewhere(...names: string[]): Promise<Installation> {
  const folder = temporaryFolder();
  try {
    const sources = withDependencies(names).map((name) => join(repository, 'node_modules', name));
    const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder.path, ...sources], {
      cwd: repository,
    });
    const tarballs = packedFiles(JSON.parse(packed)).map((file) => join(folder.path, file));
    writeFileSync(join(folder.path, 'package.json'), '{ "private": true }\n');
    await run('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs], { cwd: folder.path });
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
  return { ...folder, packageFolder: (name) => join(folder.path, 'node_modules', name) };
}

function withDependencies(names: readonly string[]): string[] {
  const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockEntry>;
  };
  const all = new Set<string>();
  const add = (name: string): void => {
    if (all.has(name)) return;
    all.add(name);
    const entry = packages[`node_modules/${name}`];
    if (!entry) throw new Error(`${name} is not in the lock file`);
    const source = entry.link ? packages[entry.resolved ?? ''] : entry;
    Object.keys(source?.dependencies ?? {}).forEach(add);
  };
  names.forEach(add);
  return [...all];
}

/** npm prints a list of the packages, or from version 12 on an object by name. */
function packedFiles(output: unknown): string[] {
  return Object.values(output as Record<string, { filename: string }>).map(({ filename }) => filename);
}
