// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const native = join(import.meta.dirname, '../..');
const build = join(native, 'build/test');
let built = false;

/** The path of a compiled test file, e.g. `maps.bpf.o` or `ticker`; compiles what is older than its source. */
export function testFile(name: string): string {
  if (!built) {
    mkdirSync(build, { recursive: true });
    execFileSync('flock', [build, 'make', '-s', '-C', native, 'test-files'], { stdio: 'pipe' });
    built = true;
  }
  return join(build, name);
}
