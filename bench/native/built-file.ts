// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

let built = false;

/** The path of a compiled file of this benchmark. */
export function builtFile(name: string): string {
  if (!built) execFileSync('make', ['-s', '-C', import.meta.dirname], { stdio: 'inherit' });
  built = true;
  return join(import.meta.dirname, 'build', name);
}
