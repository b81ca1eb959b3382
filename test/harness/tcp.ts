// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { Child } from './child.ts';
import { findTool } from './tools.ts';
import { waitFor } from './wait.ts';
import { compile } from './workload.ts';

/** One end of connections whose every byte is known: `test/workloads/tcp-server.c` or `tcp-client.c`. */
export class Peer implements AsyncDisposable {
  readonly child: Child;
  /** Its labels. */
  readonly label: Record<string, string>;

  static async start(kind: 'server' | 'client', name: string, args: string[], netns?: string): Promise<Peer> {
    const { path, label } = await compile(`workloads/tcp-${kind}.c`, { name });
    return new Peer(
      label,
      netns === undefined ? [path, ...args] : [findTool('ip'), 'netns', 'exec', netns, path, ...args],
    );
  }

  private constructor(label: Record<string, string>, [command = '', ...args]: string[]) {
    this.child = new Child(command, args, { input: true });
    this.label = label;
  }

  /** The port on which a server listens. */
  async port(): Promise<string> {
    const line = await waitFor('a port', () => this.#lines()[0] ?? this.#failed());
    return line;
  }

  /** Resolves when all is written and read, with the lines it printed before; the connections are still open. */
  async done(): Promise<string[]> {
    await waitFor('all connections are served', () => this.#lines().includes('done') || this.#failed(), {
      timeout: 60_000,
    });
    return this.#lines().slice(0, -1);
  }

  /** Lets it close its connections and exit. */
  async end(): Promise<void> {
    this.child.process.stdin?.end();
    const code = await this.child.exited;
    if (code !== 0) throw new Error(`exit ${code}: ${this.child.stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop('SIGKILL');
  }

  #lines(): string[] {
    return this.child.stdout.split('\n').slice(0, -1);
  }

  #failed(): undefined {
    if (this.child.ended) throw new Error(`it ended: ${this.child.stderr}`);
  }
}

/** A counter of /proc/net/netstat or snmp, in the network namespace of a process. */
export function kernelCounter(group: string, name: string, pid: number | 'self' = 'self'): number {
  for (const file of ['netstat', 'snmp']) {
    const lines = readFileSync(`/proc/${pid}/net/${file}`, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`${group}: `));
    const [names = [], values = []] = lines.map((line) => line.split(' '));
    const column = names.indexOf(name);
    if (column > 0) return Number(values[column]);
  }
  throw new Error(`this kernel has no ${group}.${name}`);
}
