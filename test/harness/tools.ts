// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { repository } from './paths.ts';

/**
 * The path of a program: on PATH, in the folders for administrators, or where `npm test` unpacks Debian's Prometheus.
 *
 * @throws Error if there is none
 */
export function findTool(name: string): string {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', join(repository, '.tools/debian/usr/bin')];
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (!found) throw new Error(`${name} is not installed: npm test installs what the tests need`);
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
