// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

import { testFile } from './files.ts';

/** A running workload (test/workload/ticker.c), killed when the test has finished. */
export function startTicker() {
  const path = testFile('ticker');
  const child = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout });
  onTestFinished(() => void child.kill('SIGKILL'));
  const run = async (command: string) => {
    const answered = once(answers, 'line');
    child.stdin.write(`${command}\n`);
    await answered;
  };
  return {
    path,
    pid: child.pid as number,
    tick: (count: number) => run(`tick ${count}`),
    exec: (count: number) => run(`exec ${count}`),
    spin: (milliseconds: number) => run(`spin ${milliseconds}`),
  };
}
