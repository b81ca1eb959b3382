// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.ts';
import { removeCgroups } from './containers/cgroups.ts';

const root = existsSync('/sys/fs/cgroup/unified') ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup';

/** A cgroup of this test's own: a rule by its path holds for what runs in it from the first instruction, and for nothing else. */
export class Cgroup implements AsyncDisposable {
  /** As a target rule names it. */
  readonly path: string;

  constructor(name: string) {
    this.path = `/sonde-test-${process.pid}-${name}`;
    mkdirSync(join(root, this.path));
  }

  /** What a shell does to go into it. */
  get enter(): string {
    return `echo $$ > ${join(root, this.path)}/cgroup.procs;`;
  }

  /** Runs a program in it to its end and resolves with what it printed on standard output. */
  run(command: string, args: readonly string[]): Promise<string> {
    return run('bash', ['-c', `${this.enter} exec "$0" "$@"`, command, ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeCgroups(this.path);
  }
}
