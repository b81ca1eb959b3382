// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const native = join(import.meta.dirname, '../..');

/** Runs an ES module in the package's folder in a process of its own, and gives what it printed. */
export async function run(script: string, args: readonly string[] = []): Promise<string> {
  return start([process.execPath], script, args);
}

/** The same with no capabilities, as user nobody. */
export async function runUnprivileged(script: string, args: readonly string[] = []): Promise<string> {
  return start(['setpriv', '--bounding-set=-all', '--inh-caps=-all', process.execPath], script, args);
}

async function start(command: readonly string[], script: string, args: readonly string[]): Promise<string> {
  const [program, ...rest] = [...command, '--input-type=module', '--eval', script, '--', '-', ...args];
  const { stdout } = await promisify(execFile)(program as string, rest, { cwd: native });
  return stdout;
}
