// SPDX-License-Identifier: Apache-2.0
/**
 * What it costs to know 10,000 processes in 1,000 containers: memory of the whole host beside one on a quiet machine, CPU
 * while processes start, and how long rules over all of them take.
 *
 *   npm run bench -- identity [seconds of each rate]
 */
import { enableStats } from '@sonde/native';
import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child, run } from '../test/harness/child.ts';
import { removeCgroups } from '../test/harness/containers/cgroups.ts';
import { ask } from '../test/harness/http.ts';
import { heapOf, inspected } from '../test/harness/heap.ts';
import { type Host, startHost } from '../test/harness/host.ts';
import { waitFor } from '../test/harness/wait.ts';
import { serveRuntime } from './identity/runtime.ts';
import { printTable } from './lib/table.ts';

const PROCESSES = 10_000;
const CONTAINERS = 1000;
const SECONDS = Number(process.argv[2] ?? 20);
const RATES = [0, 100, 2000];
/** Starts before anything is measured: a host that has run for a minute has compiled what it runs. */
const WARM_UP = 2000;

const folder = mkdtempSync(join(tmpdir(), 'sonde-bench-'));
const socket = join(folder, 'docker.sock');
const storm = join(folder, 'storm');
execFileSync('cc', ['-O2', '-static', '-o', storm, join(import.meta.dirname, 'identity/storm.c')]);
const hierarchy = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find(existsSync)!;
const cgroup = `/sonde-bench-${process.pid}`;
const ids = Array.from({ length: CONTAINERS }, () => randomBytes(32).toString('hex'));

/** Each names all of the processes, or the cgroups that hold them. */
const RULES: [title: string, include: object[]][] = [
  ['a pattern over command lines', [{ command: ['*--config /etc/server/instance-*'] }]],
  ['a user and a container image', [{ user: ['root'], containerImage: ['service-*'] }]],
  ['a container image', [{ containerImage: ['service-*'] }]],
  ['an executable with its children', [{ executable: ['storm'], children: true }]],
];

const config = {
  containers: { runtimes: [{ type: 'docker', socket }], labels: ['*'] },
  probes: {
    fsync: { package: fileURLToPath(new URL('../test/packages/fsync', import.meta.url)) },
  },
};

using _ = await serveRuntime(socket, ids);
try {
  const idle = await measureIdle();
  await using sleepers = await startSleepers();
  const began = performance.now();
  await using host = await startHost(config, inspected);
  const ready = performance.now() - began;
  await host.scrapeUntil('all are known', isAllKnown, 60_000);
  const known = performance.now() - began;
  await askLabels(host);
  const full = await memoryOf(host);
  printTable([
    ['host', 'ready, ms', 'all known, ms', 'heap, MB', 'resident, MB', 'its maps, MB'],
    ['quiet machine', idle.ready.toFixed(0), '', ...megabytes(idle.memory)],
    [`${PROCESSES} processes, ${CONTAINERS} containers`, ready.toFixed(0), known.toFixed(0), ...megabytes(full)],
    ['difference', '', '', ...megabytes(full.map((bytes, i) => bytes - idle.memory[i]!))],
  ]);

  console.log();
  const rows = [['starts a second', 'targets', 'started', 'forks and execs met', 'lost', 'CPU of the host, % of a core', 'BPF, µs a start', 'heap, MB', 'resident, MB']];
  await startInContainer(100, WARM_UP / 100);
  for (const rate of RATES) rows.push(await measureStarts(host, rate, 'everything'));
  await host.rest.put('/v1/probes/fsync', { targets: { include: [{ executable: ['storm'] }] } });
  rows.push(await measureStarts(host, 100, 'by executable'));
  printTable(rows);

  console.log();
  const changes = [['rules over all of them', 'until they hold, ms', 'longest wait of others, ms']];
  for (const [title, rules] of RULES) changes.push(await measureRules(host, title, rules));
  changes.push(['who is matched (sonde targets)', ...(await timed(host, () => askLabels(host)))]);
  printTable(changes);
  sleepers.process.stdin!.end();
  await sleepers.exited;
} finally {
  await removeCgroups(cgroup);
  rmSync(folder, { recursive: true });
}

async function measureIdle() {
  const began = performance.now();
  await using host = await startHost(config, inspected);
  const ready = performance.now() - began;
  await askLabels(host);
  return { ready, memory: await memoryOf(host) };
}

/** The processes, ten to a container. */
async function startSleepers(): Promise<Child> {
  const procs = ids.map((id) => {
    mkdirSync(`${hierarchy}${cgroup}/${id}`, { recursive: true });
    return `${hierarchy}${cgroup}/${id}/cgroup.procs`;
  });
  const sleepers = new Child(storm, ['sleepers', `${PROCESSES}`], { input: true });
  sleepers.process.stdin!.write(`${procs.join('\n')}\n\n`);
  await waitFor('the processes', () => sleepers.stdout.includes('ready'), { timeout: 60_000 });
  await sleep(3000);
  return sleepers;
}

function isAllKnown(seen: Awaited<ReturnType<Host['scrape']>>): boolean {
  return seen.sum('sonde_processes', { state: 'live' }) >= PROCESSES && seen.sum('sonde_containers', { state: 'resolved' }) >= CONTAINERS;
}

/** Has the host say who is watched: for that it makes the labels of each. */
async function askLabels(host: Host): Promise<void> {
  const { status } = await ask({ socketPath: host.folder.socket }, '/v1/probes/fsync/targets');
  if (status !== 200) throw new Error(`status ${status}`);
}

/** Bytes: heap, resident, and maps of the host's own in the kernel. */
async function memoryOf(host: Host): Promise<number[]> {
  await sleep(2000);
  const heap = await heapOf(host);
  await sleep(2000);
  const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${host.pid}/status`, 'latin1'))![1]) * 1024;
  return [heap, resident, sumOfFds(host, /^memlock:\s+(\d+)/m, /^map_id:/m)];
}

/** Adds up a number in what the kernel says of each of the host's BPF descriptors; the same object counts once. */
function sumOfFds(host: Host, number: RegExp, kind: RegExp): number {
  const seen = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${host.pid}/fdinfo`)) {
    const text = existsSync(`/proc/${host.pid}/fdinfo/${fd}`) ? readFileSync(`/proc/${host.pid}/fdinfo/${fd}`, 'latin1') : '';
    const id = /^(?:map|prog)_id:\s+\d+/m.exec(text)?.[0];
    const found = number.exec(text)?.[1];
    if (id !== undefined && found !== undefined && kind.test(text)) seen.set(id, Number(found));
  }
  return [...seen.values()].reduce((sum, each) => sum + each, 0);
}

async function measureStarts(host: Host, rate: number, targets: string): Promise<string[]> {
  const stats = enableStats();
  const bpfTime = () => sumOfFds(host, /^run_time_ns:\s+(\d+)/m, /^prog_id:/m);
  const before = await host.scrape();
  await sleep(1500);
  const [cpuBefore, bpfBefore] = [cpuSeconds(host.pid), bpfTime()];
  const started = rate === 0 ? await sleep(SECONDS * 1000, 0) : await startInContainer(rate, SECONDS);
  const [cpu, bpf] = [cpuSeconds(host.pid) - cpuBefore, bpfTime() - bpfBefore];
  stats.close();
  await sleep(1500);
  const after = await host.scrape();
  const grown = (name: string, labels = {}) => after.sum(name, labels) - before.sum(name, labels);
  const lost = grown('sonde_loss_total', { stage: 'identity' });
  const [heap, resident] = megabytes([await heapOf(host), after.sum('sonde_memory_resident_bytes')]);
  const met = grown('sonde_process_starts_total');
  const perStart = started === 0 ? '' : (bpf / 1e3 / started).toFixed(1);
  return [`${rate}`, targets, `${started}`, `${met}`, `${lost}`, ((cpu / SECONDS) * 100).toFixed(2), perStart, heap!, resident!];
}

/** The storm runs in one of the containers. */
async function startInContainer(rate: number, seconds: number): Promise<number> {
  const enter = `echo $$ > ${hierarchy}${cgroup}/${ids[0]}/cgroup.procs && exec "$@"`;
  return Number(await run('/bin/sh', ['-c', enter, 'sh', storm, `${rate}`, `${seconds}`]));
}

/** CPU time of all threads that live. */
function cpuSeconds(pid: number): number {
  const threads = globSync(`/proc/${pid}/task/*/schedstat`).map((file) => Number(readFileSync(file, 'latin1').split(' ')[0]));
  return threads.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e9;
}

async function measureRules(host: Host, title: string, include: object[]): Promise<string[]> {
  return [title, ...(await timed(host, () => host.rest.put('/v1/probes/fsync', { targets: { include } })))];
}

/** Milliseconds that something takes, and that others who ask the host had to wait meanwhile. */
async function timed(host: Host, action: () => Promise<unknown>): Promise<string[]> {
  const began = performance.now();
  let took: number | undefined;
  const done = action().then(() => (took = performance.now() - began));
  let longest = 0;
  while (took === undefined) {
    const asked = performance.now();
    await host.rest.get('/healthz');
    longest = Math.max(longest, performance.now() - asked);
  }
  await done;
  return [took.toFixed(0), longest.toFixed(0)];
}

function megabytes(bytes: readonly number[]): string[] {
  return bytes.map((each) => (each / 1e6).toFixed(1));
}
