// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sondeError } from '../errors/index.ts';

/** What to install so that a tool is there. */
const debianPackages = { clang: 'clang', 'llvm-strip': 'llvm' } as const;

export type BuildTool = keyof typeof debianPackages;

/**
 * Path of a tool on `PATH`: by its own name, else the newest with a version in its name (`clang-14`).
 * @throws SONDE_BUILD_TOOL_MISSING
 */
export function findTool(tool: BuildTool, searchPath = process.env.PATH ?? ''): string {
  const directories = searchPath.split(':').filter((directory) => directory !== '');
  const plain = directories.map((directory) => join(directory, tool)).find(isExecutable);
  const found = plain ?? newestVersioned(tool, directories);
  if (!found) throw sondeError('SONDE_BUILD_TOOL_MISSING', { tool, package: debianPackages[tool] });
  return found;
}

function newestVersioned(tool: BuildTool, directories: string[]): string | undefined {
  const versioned = new RegExp(`^${tool}-(\\d+)$`);
  return directories
    .flatMap((directory) => listed(directory).map((name) => ({ path: join(directory, name), match: versioned.exec(name) })))
    .filter(({ path, match }) => match !== null && isExecutable(path))
    .sort((one, other) => Number(other.match?.[1]) - Number(one.match?.[1]))[0]?.path;
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
