// SPDX-License-Identifier: Apache-2.0
// What it costs to know every process: CPU while processes start, memory while many live.
import { enableStats } from '@sonde/native';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HostIdentity } from '../framework/host/dist/identity/host-identity.js';
import { KernelSource } from '../framework/host/dist/identity/kernel-source.js';
import { nodeLabels } from '../framework/host/dist/identity/node-labels.js';
import { fabricateWalk } from './identity/records.ts';
import { printTable } from './lib/table.ts';

const SECONDS = 10;
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'sonde-bench-'));
const storm = join(folder, 'storm');
execFileSync('cc', ['-O2', '-o', storm, join(import.meta.dirname, 'identity/storm.c')]);
setFlagsFromString('--expose_gc');
const isStarted = new RegExp(`^${storm} \\d+$`);
const collect = runInNewContext('gc') as () => void;

try {
  printTable([
    ['processes', 'walk and labels, ms', 'memory, MB'],
    await measureMemory('2,000 real', 2000, async () => 0),
    await measureMemory('10,000 fabricated', 0, (source) => fabricate(source, 10_000)),
  ]);
  console.log();
  printTable([
    ['starts a second', 'started', 'named', 'CPU of the host, % of a core', 'BPF, µs a start', 'lost'],
    await measureStarts(0),
    await measureStarts(100),
    await measureStarts(2000),
  ]);
} finally {
  rmSync(folder, { recursive: true });
}

async function measureStarts(rate: number): Promise<string[]> {
  const source = await KernelSource.open();
  const identity = new HostIdentity(source, nodeLabels(), 0);
  await identity.start();
  await sleep(500);
  let named = 0;
  identity.on('started', (id) => {
    if (isStarted.test(identity.facts(id)?.commandLine ?? '')) named++;
  });
  const stats = enableStats();
  const before = { cpu: process.cpuUsage(), bpf: bpfTime(source) };
  const started = rate === 0 ? await sleep(SECONDS * 1000, 0) : Number((await run(storm, [`${rate}`, `${SECONDS}`])).stdout);
  identity.settle();
  const { user, system } = process.cpuUsage(before.cpu);
  const bpf = bpfTime(source) - before.bpf;
  stats.close();
  const lost = Object.values(identity.counts().lost).reduce((sum, n) => sum + n, 0);
  await identity.close();
  const cpu = (user + system) / 1e4 / SECONDS;
  const perStart = started === 0 ? '' : (bpf / 1e3 / started).toFixed(1);
  return [`${rate}`, `${started}`, `${named}`, cpu.toFixed(2), perStart, `${lost}`];
}

function bpfTime(source: KernelSource): number {
  return source.object.programStats().reduce((sum, { runTimeNs }) => sum + runTimeNs, 0);
}

/** Processes that live, all labels of each asked for. */
async function measureMemory(title: string, real: number, prepare: (source: KernelSource) => Promise<number>): Promise<string[]> {
  const sleepers = spawn(storm, ['sleepers', `${real}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(sleepers.stdout, 'data');
  const source = await KernelSource.open();
  await prepare(source);
  const before = memory();
  const began = performance.now();
  const identity = new HostIdentity(source, nodeLabels(), 0);
  await identity.start();
  for (const id of identity.live()) identity.labels(id);
  const milliseconds = performance.now() - began;
  const used = memory() - before;
  await identity.close();
  sleepers.stdin.end();
  await once(sleepers, 'exit');
  return [title, milliseconds.toFixed(0), (used / 1e6).toFixed(1)];
}

async function fabricate(source: KernelSource, count: number): Promise<number> {
  const walk = fabricateWalk(source.object.btf, count);
  source.walk = () => Promise.resolve(walk);
  return walk.length;
}

function memory(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
