// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/**
 * The path of a program on PATH, to which `vitest.config.ts` adds where `npm test` puts what it fetches.
 *
 * @throws Error if there is none
 */
export function findTool(name: string): string {
  const folders = (process.env.PATH ?? '').split(':');
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
