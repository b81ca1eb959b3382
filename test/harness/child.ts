// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface ChildOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Leaves the standard input open until the caller ends it: `child.process.stdin`. Default: it is empty. */
  input?: boolean;
}

/** A program that a test started: what it prints is kept, and it does not outlive its scope. */
export class Child implements AsyncDisposable {
  readonly process: ChildProcess;
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>;
  stdout = '';
  stderr = '';
  #ended = false;

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    const env = { ...process.env, ...options.env };
    this.process = spawn(command, args, { cwd: options.cwd, env, stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exited = this.#exit();
    this.exited.catch(() => {}); // who awaits it hears of it
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Sends a signal and waits for the end; a program that stays is killed after `patience` milliseconds. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', patience = 10_000): Promise<number | string> {
    if (!this.#ended) this.process.kill(signal);
    const impatience = setTimeout(() => this.process.kill('SIGKILL'), patience);
    try {
      return await this.exited;
    } finally {
      clearTimeout(impatience);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
  }

  async #exit(): Promise<number | string> {
    try {
      const [code, signal] = (await once(this.process, 'close')) as [number | null, string | null];
      return code ?? signal ?? 'unknown';
    } finally {
      this.#ended = true;
    }
  }
}

/**
 * Runs a program to its end and resolves with what it printed on standard output.
 *
 * @throws Error with all its output, unless it exits with 0
 */
export async function run(command: string, args: readonly string[], options?: ChildOptions): Promise<string> {
  const child = new Child(command, args, options);
  const code = await child.exited;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code}\n${child.stdout}${child.stderr}`);
  return child.stdout;
}
