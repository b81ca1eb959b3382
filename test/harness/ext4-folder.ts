// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './child.ts';
import { repository } from './paths.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ext4 = 0xef53;

/** A new folder on an ext4 file system: where there is none, one in a file. */
export async function ext4Folder(): Promise<{ path: string } & AsyncDisposable> {
  const parent = [tmpdir(), repository].find((path) => statfsSync(path).type === ext4);
  return parent === undefined ? mountedFolder() : plainFolder(parent);
}

function plainFolder(parent: string): { path: string } & AsyncDisposable {
  const path = mkdtempSync(join(parent, '.sonde-test-'));
  return { path, [Symbol.asyncDispose]: async () => rmSync(path, { recursive: true }) };
}

async function mountedFolder(): Promise<{ path: string } & AsyncDisposable> {
  const folder = temporaryFolder();
  const [image, path] = [join(folder.path, 'image'), join(folder.path, 'mounted')];
  mkdirSync(path);
  await run('truncate', ['-s', '32M', image]);
  await run('mkfs.ext4', ['-q', image]);
  await run('mount', ['-o', 'loop', image, path]);
  const remove = async (): Promise<void> => {
    await run('umount', [path]);
    folder[Symbol.dispose]();
  };
  return { path, [Symbol.asyncDispose]: remove };
}
