// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { progress, quietly } from './progress.mjs';

/**
 * Installs the npm packages of the lock file, unless just these are installed already.
 * Not by `npm ci`: it insists on optional packages of other platforms, which a mirror may lack.
 */
export async function installDependencies() {
  const installed = packagesOf(join(root, 'node_modules/.package-lock.json'));
  if (isUpToDate(packagesOf(join(root, 'package-lock.json')), installed)) return;
  const install = () => quietly('npm', ['install', '--no-save', '--no-audit', '--no-fund'], { cwd: root });
  await progress('Installing npm packages', install);
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  } catch {
    return {};
  }
}

/** npm leaves a lock file of what it installed; optional packages of other platforms are not in it. */
function isUpToDate(locked, installed) {
  const wanted = Object.entries(locked).filter(([path]) => path.startsWith('node_modules/'));
  return wanted.every(([path, entry]) => {
    const found = installed[path];
    if (!found) return entry.optional === true;
    return found.version === entry.version && found.link === entry.link;
  });
}
