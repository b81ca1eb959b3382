// SPDX-License-Identifier: Apache-2.0
/**
 * What the host costs with the three sample probes: start to the first scrape, at rest, and starting and stopping a probe.
 *
 *   npm run bench -- host [seconds at rest]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Host, hostFolder } from '../test/harness/host.ts';

const REST_SECONDS = Number(process.argv[2] ?? 60);
const ROUNDS = 5;
const TICKS = Number(execFileSync('getconf', ['CLK_TCK']));

const sample = (name: string): { package: string } => ({
  package: fileURLToPath(new URL(`../test/packages/${name}`, import.meta.url)),
});
const probes = { fsync: sample('fsync'), execs: sample('execs'), readline: sample('readline') };
const config = { probes, allow: [probes.execs.package] };

/** CPU seconds of a process, all threads, from /proc/<pid>/stat. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) / 1024;
}

/** Readiness first: a scrape before it would be shared for a second. */
async function untilScraped(host: Host): Promise<void> {
  while ((await host.rest.get('/readyz').catch(() => undefined))?.status !== 200) await sleep(5);
  await host.fetchMetrics();
}

const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const starts: number[] = [];
const bare: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const began = performance.now();
  execFileSync(process.execPath, ['-e', '0']);
  bare.push(performance.now() - began);
  using folder = await hostFolder(config);
  const start = performance.now();
  const host = new Host(folder);
  await untilScraped(host);
  starts.push(performance.now() - start);
  await host.stop();
}

using folder = await hostFolder(config);
const host = new Host(folder);
await host.ready();
const begin: number[] = [];
const end: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  let at = performance.now();
  await host.rest.post('/v1/probes/fsync/stop');
  end.push(performance.now() - at);
  at = performance.now();
  await host.rest.post('/v1/probes/fsync/start');
  begin.push(performance.now() - at);
}
await sleep(5000);
const cpu = cpuSeconds(host.pid);
await sleep(REST_SECONDS * 1000);
const rest = (cpuSeconds(host.pid) - cpu) / REST_SECONDS;
console.table({
  'node -e 0 (the limit), ms': { median: median(bare).toFixed(0), worst: Math.max(...bare).toFixed(0) },
  'start to a scrape with three running probes, ms': { median: median(starts).toFixed(0), worst: Math.max(...starts).toFixed(0) },
  'one probe started by REST, ms': { median: median(begin).toFixed(0), worst: Math.max(...begin).toFixed(0) },
  'one probe stopped by REST, ms': { median: median(end).toFixed(0), worst: Math.max(...end).toFixed(0) },
  'at rest: RSS, MB': { median: residentMegabytes(host.pid).toFixed(0) },
  [`at rest for ${REST_SECONDS} s: share of a CPU, %`]: { median: (rest * 100).toFixed(2) },
});
await host.stop();
