// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from './child.ts';
import { repository } from './paths.ts';

export interface CompileOptions {
  /** Name of the executable; that of the source if absent. Processes are told apart by it. */
  name?: string;
  flags?: string[];
}

/** Compiles a C program of `test/` unless that was done, and resolves with the path of the executable. */
export async function compile(source: string, { name = basename(source, '.c'), flags = [] }: CompileOptions = {}): Promise<string> {
  const file = join(repository, 'test', source);
  const folder = join(repository, 'test/build');
  const executable = join(folder, name);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(executable) || statSync(executable).mtimeMs < statSync(file).mtimeMs) {
    await run('cc', ['-O1', '-g', '-Wall', '-Werror', ...flags, '-o', executable, file]);
  }
  return executable;
}

/** Runs a program with one process identifier that the caller chooses, in this namespace. The program must not be running. */
export async function runAtPid(pid: number, command: string, args: readonly string[]): Promise<string> {
  const launcher = await compile('workloads/at-pid.c');
  return run(launcher, [String(pid), command, ...args]);
}
