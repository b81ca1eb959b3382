// SPDX-License-Identifier: Apache-2.0
/**
 * What the tcp probe costs, all collectors on: interleaved pairs of the same load without and with it, server and loader
 * on a CPU each; time in BPF by program; memory and snapshots as connections grow.
 *
 *	npm run bench -- tcp [pairs] [seconds of a run] [connections,...]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHost, type Host } from '../test/harness/host.ts';
import { builtInPackage, repository } from '../test/harness/paths.ts';
import { growth } from './tcp/growth.ts';
import { cpuOf, startLoads, type Load } from './tcp/loads.ts';
import { programCosts, type ProgramCost } from './tcp/program-costs.ts';

const PAIRS = Number(process.argv[2] ?? 5);
const SECONDS = Number(process.argv[3] ?? 5);
const SIZES = (process.argv[4] ?? '1000,10000,100000').split(',').map(Number);

interface Run {
  rate: number;
  serverNanoseconds: number;
  hostShare: number;
}

const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const range = (numbers: number[]): string =>
  `${median(numbers).toFixed(3)} [${Math.min(...numbers).toFixed(2)}..${Math.max(...numbers).toFixed(2)}]`;

async function measure(load: Load, host: Host): Promise<Run> {
  const before = { server: load.serverCpu(), host: cpuOf(host.pid), time: performance.now() };
  const { operations, rate } = await load.drive(SECONDS);
  const elapsed = performance.now() - before.time;
  return {
    rate,
    serverNanoseconds: (load.serverCpu() - before.server) / operations,
    hostShare: (cpuOf(host.pid) - before.host) / (elapsed * 1e6),
  };
}

/** One load without and with the probe, in turn, the first of each pair alternating. */
async function pairs(load: Load, host: Host): Promise<Record<string, string>> {
  const off: Run[] = [];
  const on: Run[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    for (const isOn of pair % 2 === 0 ? [false, true] : [true, false]) {
      await host.rest.post(`/v1/probes/tcp/${isOn ? 'start' : 'stop'}`);
      (isOn ? on : off).push(await measure(load, host));
    }
  }
  const ratios = on.map(({ rate }, i) => rate / off[i]!.rate);
  const cpu = on.map(({ serverNanoseconds }, i) => serverNanoseconds / off[i]!.serverNanoseconds);
  return {
    'a second, off': median(off.map(({ rate }) => rate)).toFixed(0),
    'on/off': range(ratios),
    'server CPU each, ns, off': median(off.map(({ serverNanoseconds }) => serverNanoseconds)).toFixed(0),
    'CPU on/off': range(cpu),
    'host CPU, %': (median(on.map(({ hostShare }) => hostShare)) * 100).toFixed(2),
  };
}

async function costs(load: Load, host: Host): Promise<Record<string, string>> {
  await host.rest.post('/v1/probes/tcp/start');
  let operations = 0;
  const found = await programCosts(host, async () => void ({ operations } = await load.drive(SECONDS)));
  const total = found.reduce((sum: number, cost: ProgramCost) => sum + cost.nanoseconds, 0);
  const runs = found.reduce((sum: number, cost: ProgramCost) => sum + cost.runs, 0);
  const dearest = found.toSorted((a, b) => b.nanoseconds - a.nanoseconds).slice(0, 4);
  return {
    'runs for each': (runs / operations).toFixed(2),
    'ns for each': (total / operations).toFixed(0),
    'ns a run': (total / runs).toFixed(0),
    'dearest (ns a run)': dearest
      .map(({ name, runs: count, nanoseconds }) => `${name} ${(nanoseconds / count).toFixed(0)}`)
      .join(', '),
  };
}

function compileWorkload(folder: string, name: string): string {
  const executable = join(folder, name);
  execFileSync('cc', ['-O1', '-o', executable, join(repository, `test/workloads/${name}.c`)]);
  return executable;
}

const folder = mkdtempSync(join(tmpdir(), 'sonde-bench-tcp-'));
const host = await startHost({ probes: { tcp: { package: builtInPackage('tcp') } } });
try {
  const loads = await startLoads(folder);
  try {
    const results: Record<string, Record<string, string>> = {};
    const dear: Record<string, Record<string, string>> = {};
    for (const load of loads) results[load.name] = await pairs(load, host);
    console.log(`Throughput and CPU, ${PAIRS} pairs of ${SECONDS} s: median [lowest..highest]`);
    console.table(results);
    for (const load of loads) dear[load.name] = await costs(load, host);
    console.log('Time in BPF for each request or KB, the cost of the statistics taken off');
    console.table(dear);
  } finally {
    for (const load of loads) await load[Symbol.asyncDispose]();
  }
  const executables = { server: compileWorkload(folder, 'tcp-server'), client: compileWorkload(folder, 'tcp-client') };
  const sizes = [];
  for (const connections of SIZES) sizes.push(await growth(host, executables, connections));
  console.log('Open connections');
  console.table(sizes);
} finally {
  await host[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
}
