// SPDX-License-Identifier: Apache-2.0
import { existsSync, realpathSync, statSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { sondeError } from '@sonde/kit';

const hostDirectory = dirname(fileURLToPath(import.meta.url));

/** The npm name of the built-in probe called `name`; what `package:` defaults to. */
export function builtInPackage(name: string): string {
  return `@sonde/probe-${name}`;
}

/**
 * Whether a package is one that came with the host: it has such a name and is the one of that name beside the host.
 * @param directory absolute, links resolved
 */
export function isBuiltIn(name: string, directory: string): boolean {
  if (!name.startsWith(builtInPackage(''))) return false;
  const file = lookUp(name, hostDirectory);
  return file !== undefined && realpathSync(dirname(file)) === directory;
}

/**
 * Finds the directory of a probe package. `reference` is a path (it begins with `.` or `/`, relative to `baseDirectory`)
 * or an npm name, looked for from `baseDirectory` upwards, then from the working directory, then beside the host.
 *
 * @throws SONDE_PACKAGE_NOT_FOUND
 */
export function findPackage(reference: string, baseDirectory: string): string {
  const found = isPath(reference) ? packageAt(resolve(baseDirectory, reference)) : packageNamed(reference, baseDirectory);
  if (found === undefined) {
    throw sondeError('SONDE_PACKAGE_NOT_FOUND', { package: reference, base: baseDirectory });
  }
  return realpathSync(found);
}

/** Whether a reference is a path, and no npm name. */
export function isPath(reference: string): boolean {
  return reference.startsWith('.') || isAbsolute(reference);
}

function packageAt(directory: string): string | undefined {
  return existsSync(join(directory, 'package.json')) && statSync(directory).isDirectory() ? directory : undefined;
}

function packageNamed(name: string, baseDirectory: string): string | undefined {
  const bases = [baseDirectory, process.cwd(), hostDirectory];
  for (const base of bases) {
    const file = lookUp(name, base);
    if (file !== undefined) return dirname(file);
  }
  return undefined;
}

function lookUp(name: string, base: string): string | undefined {
  try {
    return findPackageJSON(name, pathToFileURL(join(base, 'any.js')));
  } catch {
    // findPackageJSON throws ERR_MODULE_NOT_FOUND rather than answering undefined for a bare name that is not there
    return undefined;
  }
}
