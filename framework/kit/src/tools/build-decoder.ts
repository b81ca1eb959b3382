// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { sondeError } from '../errors/index.ts';

const run = promisify(execFile);

/**
 * Compiles the TypeScript of a package that has a `tsconfig.json`, with the `typescript` that the package depends on.
 * @returns whether there was anything to compile
 * @throws SONDE_BUILD_TOOL_MISSING, SONDE_BUILD_FAILED with all that the compiler said
 */
export async function buildDecoder(folder: string): Promise<boolean> {
  const project = resolve(folder, 'tsconfig.json');
  if (!existsSync(project)) return false;
  try {
    await run(process.execPath, [findCompiler(project), '--build', project], { cwd: folder });
    return true;
  } catch (cause) {
    const { stdout } = cause as { stdout?: string };
    if (stdout === undefined) throw cause;
    throw sondeError('SONDE_BUILD_FAILED', { source: 'tsconfig.json', log: stdout.trim() }, { place: placeOf(project, stdout), cause });
  }
}

function findCompiler(project: string): string {
  try {
    const description = createRequire(project).resolve('typescript/package.json');
    return join(dirname(description), 'bin/tsc');
  } catch (cause) {
    throw sondeError('SONDE_BUILD_TOOL_MISSING', { tool: 'typescript', npm: 'typescript' }, { place: { file: project }, cause });
  }
}

/** The first error of tsc, as `src/decoder.ts(12,3): error TS…`. */
function placeOf(project: string, log: string): { file: string; line?: number; column?: number } {
  const [, file, line, column] = /^(\S+?)\((\d+),(\d+)\): error/m.exec(log) ?? [];
  if (!file) return { file: project };
  return { file: resolve(dirname(project), file), line: Number(line), column: Number(column) };
}
