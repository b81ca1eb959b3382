// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Compiles `spawn.c` into a folder of its own; returns the program's path. */
export function compileSpawn(name = 'spawn'): string {
  const program = join(mkdtempSync(join(tmpdir(), 'sonde-identity-')), name);
  execFileSync('cc', ['-O1', '-pthread', '-o', program, fileURLToPath(new URL('spawn.c', import.meta.url))]);
  return program;
}

/** Starts a program that says `ready` and lives until its input ends. */
export async function startReady(program: string, ...args: string[]): Promise<ChildProcess & { pid: number }> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child as unknown as ChildProcess & { pid: number };
}

export async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.stdin?.end();
  await exited;
}
