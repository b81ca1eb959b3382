// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Cgroup } from '../../test/harness/cgroup.ts';
import { run } from '../../test/harness/child.ts';

/** The CPUs of server and loader. */
export const [SERVER, LOADER] = [0, 1];

export interface Outcome {
  /** Requests that were answered, by the loader's own count. */
  requests: number;
  /** Of them in a second. */
  rate: number;
}

/** A program that loads a server, on the CPU of loaders. */
export class Loader {
  readonly #cgroup: Cgroup | undefined;

  /** @param cgroup where it runs, so that a target rule can name it; anywhere if absent */
  constructor(cgroup?: Cgroup) {
    this.#cgroup = cgroup;
  }

  /** SET by 50 clients, as fast as they can, each with as many in flight as `-P` says. */
  async redisBenchmark(port: number, requests: number, ...args: string[]): Promise<Outcome> {
    const out = await this.#run('redis-benchmark', '-p', String(port), '-t', 'set', '-c', '50', '-n', String(requests), '--csv', ...args);
    return { requests, rate: Number(/^"SET[^"]*","([\d.]+)"/m.exec(out)![1]) };
  }

  /** SET by 50 clients at a fixed rate, each with at most `pipeline` in flight. */
  async pacedRedis(port: number, rate: number, seconds: number, pipeline: number): Promise<Outcome> {
    const program = fileURLToPath(new URL('paced-redis.ts', import.meta.url));
    const out = await this.#run(process.execPath, program, ...[port, rate, seconds, pipeline].map(String));
    return JSON.parse(out) as Outcome;
  }

  /** GET by 50 clients as fast as they can; at the end it leaves a request open on each connection. */
  async wrk(url: string, seconds: number): Promise<Outcome> {
    const out = await this.#run('wrk', '-t', '1', '-c', '50', '-d', String(seconds), url);
    return { requests: Number(/(\d+) requests in/.exec(out)![1]), rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(out)![1]) };
  }

  /** GET by 50 clients, at a fixed rate if there is one; every request is answered. */
  async h2load(url: string, requests: number, rate?: number): Promise<Outcome> {
    const pace = rate === undefined ? [] : ['--rps', String(rate / 50)];
    const out = await this.#run('h2load', '--h1', '-t', '1', '-c', '50', '-n', String(requests), ...pace, url);
    return { requests: Number(/(\d+) succeeded/.exec(out)![1]), rate: Number(/finished in .*, ([\d.]+) req\/s/.exec(out)![1]) };
  }

  #run(...command: [string, ...string[]]): Promise<string> {
    const args = ['-c', String(LOADER), ...command];
    return this.#cgroup ? this.#cgroup.run('taskset', args) : run('taskset', args);
  }
}

/** CPU time of a process, ns. */
export const cpuTime = (pid: number): number => Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]);
