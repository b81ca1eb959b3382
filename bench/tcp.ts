// SPDX-License-Identifier: Apache-2.0
/**
 * What the tcp probe costs, all collectors on, beside the least that any probe on its hooks costs: rounds of the same load,
 * server and loader on a CPU each; time in BPF by program; memory and snapshots as connections grow.
 *
 *	npm run bench -- tcp [rounds] [seconds of a run] [connections,...] [load]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startHost, type Host } from '../test/harness/host.ts';
import { builtInPackage, probeCommand, repository } from '../test/harness/paths.ts';
import { growth } from './tcp/growth.ts';
import { cpuOf, startLoads, type Load } from './tcp/loads.ts';
import { programCosts, type ProgramCost } from './tcp/program-costs.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const SECONDS = Number(process.argv[3] ?? 5);
const SIZES = (process.argv[4] ?? '1000,10000,100000').split(',').filter(Boolean).map(Number);
/** Only loads with this in their name. */
const ONLY = process.argv[5] ?? '';

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

const ROWS = { off: {}, 'hooks alone': { hooks: true }, 'a look at the socket': { storage: true }, tcp: {} };

/** One load under each row in turn, so that the rows of a round share the weather of the machine. */
async function rounds(load: Load, host: Host): Promise<Record<string, Record<string, string>>> {
  const runs: Record<string, Run[]> = Object.fromEntries(Object.keys(ROWS).map((row) => [row, []]));
  for (let round = 0; round < ROUNDS; round++) {
    const order = Object.entries(ROWS);
    for (const [row, collectors] of round % 2 === 0 ? order : order.toReversed()) {
      await host.rest.post(`/v1/probes/tcp/${row === 'tcp' ? 'start' : 'stop'}`);
      await host.rest.put('/v1/probes/tcp-floor', { collectors: { hooks: false, storage: false, ...collectors } });
      runs[row]!.push(await measure(load, host));
    }
  }
  await host.rest.put('/v1/probes/tcp-floor', { collectors: { hooks: false, storage: false } });
  const off = runs.off!;
  return Object.fromEntries(
    Object.entries(runs).map(([row, these]) => [
      row,
      {
        'a second': median(these.map(({ rate }) => rate)).toFixed(0),
        throughput: range(these.map(({ rate }, i) => rate / off[i]!.rate)),
        'server CPU for each, ns': median(these.map(({ serverNanoseconds }) => serverNanoseconds)).toFixed(0),
        CPU: range(these.map(({ serverNanoseconds }, i) => serverNanoseconds / off[i]!.serverNanoseconds)),
        'host CPU, %': (median(these.map(({ hostShare }) => hostShare)) * 100).toFixed(2),
      },
    ]),
  );
}

async function costs(load: Load, host: Host): Promise<Record<string, string>> {
  await host.rest.post('/v1/probes/tcp/start');
  let operations = 0;
  const found = await programCosts(host, async () => void ({ operations } = await load.drive(SECONDS)));
  const total = found.reduce((sum: number, cost: ProgramCost) => sum + cost.nanoseconds, 0);
  const runs = found.reduce((sum: number, cost: ProgramCost) => sum + cost.runs, 0);
  const dearest = found.toSorted((a, b) => b.nanoseconds - a.nanoseconds).slice(0, 6);
  return {
    'runs for each': (runs / operations).toFixed(2),
    'ns for each': (total / operations).toFixed(0),
    'ns a run': (total / runs).toFixed(0),
    'dearest (runs for each x ns a run)': dearest
      .map(({ name, runs: count, nanoseconds }) => `${name} ${(count / operations).toFixed(2)} x ${(nanoseconds / count).toFixed(0)}`)
      .join(', '),
  };
}

function compileWorkload(folder: string, name: string): string {
  const executable = join(folder, name);
  execFileSync('cc', ['-O1', '-o', executable, join(repository, `test/workloads/${name}.c`)]);
  return executable;
}

const floor = fileURLToPath(new URL('tcp/floor', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sonde-bench-tcp-'));
execFileSync(process.execPath, [probeCommand, 'build', floor, builtInPackage('tcp')]);
const host = await startHost({ probes: { 'tcp-floor': { package: floor }, tcp: { package: builtInPackage('tcp') } } });
try {
  const loads = await startLoads(folder);
  try {
    const dear: Record<string, Record<string, string>> = {};
    const chosen = loads.filter(({ name }) => name.includes(ONLY));
    for (const load of chosen) {
      console.log(`${load.name}: ${ROUNDS} rounds of ${SECONDS} s, beside "off" of the same round: median [lowest..highest]`);
      console.table(await rounds(load, host));
    }
    for (const load of chosen) dear[load.name] = await costs(load, host);
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
