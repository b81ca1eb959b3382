// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from '../../test/harness/child.ts';
import { startHost } from '../../test/harness/host.ts';
import type { Host } from '../../test/harness/host.ts';
import { builtInPackage, probeCommand } from '../../test/harness/paths.ts';
import { waitFor } from '../../test/harness/wait.ts';
import { startNginx } from '../../test/l7/servers.ts';
import { printTable } from '../lib/table.ts';
import { LOADER, SERVER } from './loads.ts';

/**
 * Memory with so many connections open to one nginx, that has answered a request on each. What the kernel holds for a
 * connection is what its unreclaimable slabs (SUnreclaim of /proc/meminfo) grow by when, with the probe on, every connection
 * is used for the first time; maps are what /proc/<pid>/fdinfo says of those that the host has open.
 */
export async function memory(sizes = '5000,10000'): Promise<void> {
  execFileSync(process.execPath, [probeCommand, 'build', builtInPackage('l7')]);
  const rows = [];
  for (const size of sizes.split(',')) rows.push(await measure(Number(size)));
  printTable([
    ['connections', 'maps, MB', 'each connection, B', 'after ten more requests, B', 'left when stopped, B', 'host RSS without, MB', 'with, MB'],
    ...rows,
  ]);
}

async function measure(connections: number): Promise<string[]> {
  await using nginx = await startNginx({ cpu: SERVER });
  const targets = { include: [{ pid: [nginx.pid] }] };
  await using host = await startHost({ probes: { l7: { package: builtInPackage('l7'), enabled: false, targets } } });
  await using client = new Client(nginx.port, connections);
  for (let i = 0; i < 3; i++) await client.askOnEach();
  const [residentBefore, mapsBefore] = [resident(host.pid), mapBytes(host.pid)];

  await host.rest.post('/v1/probes/l7/start');
  const before = await settled();
  await client.askOnEach();
  await counted(host, nginx.port, connections);
  const with1 = await settled();
  for (let i = 0; i < 10; i++) await client.askOnEach();
  await counted(host, nginx.port, 11 * connections);
  const with11 = await settled();
  const [residentAfter, mapsAfter] = [resident(host.pid), mapBytes(host.pid)];
  await host.rest.post('/v1/probes/l7/stop');
  const after = await settled();

  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  const each = (bytes: number): string => (bytes / connections).toFixed(0);
  return [
    String(connections),
    megabytes(mapsAfter - mapsBefore),
    each(with1 - before),
    each(with11 - with1),
    each(after - before),
    megabytes(residentBefore),
    megabytes(residentAfter),
  ];
}

async function counted(host: Host, port: number, requests: number): Promise<void> {
  await host.scrapeUntil('the requests', (seen) => seen.sum('http_server_request_duration_seconds_count', { server_port: String(port) }) === requests);
}

/** Connections that stay open, in a process of their own. */
class Client implements AsyncDisposable {
  readonly #child: Child;
  #rounds = 0;

  constructor(port: number, connections: number) {
    const program = fileURLToPath(new URL('open-connections.ts', import.meta.url));
    this.#child = new Child('taskset', ['-c', String(LOADER), process.execPath, program, String(port), String(connections)], { input: true });
  }

  /** Sends one request on each connection, and resolves when all are answered. */
  async askOnEach(): Promise<void> {
    this.#child.process.stdin!.write('\n');
    const wanted = ++this.#rounds;
    await waitFor('answers', () => this.#child.ended || this.#child.stdout.length >= wanted, { timeout: 30_000 });
    if (this.#child.ended) throw new Error(this.#child.stderr);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}

/** Bytes of slabs that the kernel cannot take back, when what is freed late is free. */
async function settled(): Promise<number> {
  await sleep(2000);
  return Number(/SUnreclaim:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'latin1'))![1]) * 1024;
}

const resident = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) * 1024;

/** Bytes of the maps that a process has open. */
function mapBytes(pid: number): number {
  const maps = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
    const id = /map_id:\s+(\d+)/.exec(info)?.[1];
    if (id !== undefined) maps.set(id, Number(/memlock:\s+(\d+)/.exec(info)![1]));
  }
  return [...maps.values()].reduce((sum, bytes) => sum + bytes, 0);
}
