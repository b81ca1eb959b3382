// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll } from 'vitest';
import { run } from './child.ts';
import type { Labels } from './exposition.ts';
import { repository } from './paths.ts';

export interface CompileOptions {
  /** How the name of the executable begins; with the name of the source if absent. */
  name?: string;
  flags?: string[];
}

/** A compiled program. */
export interface Workload {
  path: string;
  /** The name of the executable: no other test that runs at the same time has the same. */
  name: string;
  /** What marks its series. */
  label: Labels;
}

const folder = mkdtempSync(join(tmpdir(), 'sonde-workloads-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Compiles a C program of `test/`, unless this test file has done that; it is gone when the file is done. */
export async function compile(source: string, { name = basename(source, '.c'), flags = [] }: CompileOptions = {}): Promise<Workload> {
  const unique = `${name}-${process.pid}`;
  const path = join(folder, unique);
  if (!existsSync(path)) {
    await run('cc', ['-O1', '-g', '-Wall', '-Werror', ...flags, '-o', path, join(repository, 'test', source)]);
  }
  return { path, name: unique, label: { process_executable_name: unique } };
}

/** Runs a program with one process identifier that the caller chooses, in this namespace. The program must not be running. */
export async function runAtPid(pid: number, command: string, args: readonly string[]): Promise<string> {
  const launcher = await compile('workloads/at-pid.c');
  return run(launcher.path, [String(pid), command, ...args]);
}
