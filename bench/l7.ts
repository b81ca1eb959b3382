// SPDX-License-Identifier: Apache-2.0
/**
 * What Redis and nginx lose under the l7 probe, beside the least that any probe on its hooks costs.
 *
 *   npm run bench -- l7 [rounds]
 *
 * Server and loader have a CPU each. Every round measures each row once, so that the rows of a round share its weather;
 * a ratio is that of a row to the row without a probe of the same round.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from '../test/harness/child.ts';
import { startHost } from '../test/harness/host.ts';
import { builtInPackage, probeCommand } from '../test/harness/paths.ts';
import { startNginx, startRedis } from '../test/l7/servers.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const [SERVER, LOADER] = [0, 1];
const floor = fileURLToPath(new URL('l7/floor', import.meta.url));

interface Load {
  name: string;
  pid: number;
  /** Resolves with how many requests were answered, by the loader's own count, and how many a second. */
  run(): Promise<{ requests: number; rate: number }>;
}

const loaded = (command: string, ...args: string[]): Promise<string> => run('taskset', ['-c', String(LOADER), command, ...args]);

async function redisBenchmark(port: number, requests: number, ...args: string[]): Promise<{ requests: number; rate: number }> {
  const out = await loaded('redis-benchmark', '-p', String(port), '-t', 'set', '-c', '50', '-n', String(requests), '--csv', ...args);
  return { requests, rate: Number(/^"SET[^"]*","([\d.]+)"/m.exec(out)![1]) };
}

async function wrk(port: number, path: string): Promise<{ requests: number; rate: number }> {
  const out = await loaded('wrk', '-t', '1', '-c', '50', '-d', '3', `http://127.0.0.1:${port}${path}`);
  return { requests: Number(/(\d+) requests in/.exec(out)![1]), rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(out)![1]) };
}

/** CPU time of a process, ns. */
const cpuTime = (pid: number): number => Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]);

const rows: Record<string, () => Promise<unknown>> = {
  'no probe': () => set({ hooks: false, histogram: false, read: false }, false),
  'hooks alone': () => set({ hooks: true, histogram: false, read: false }, false),
  'a bare histogram': () => set({ hooks: false, histogram: true, read: false }, false),
  'and 128 bytes read': () => set({ hooks: false, histogram: false, read: true }, false),
  l7: () => set({ hooks: false, histogram: false, read: false }, true),
};

execFileSync(process.execPath, [probeCommand, 'build', floor, builtInPackage('l7')]);
await using redis = await startRedis({ cpu: SERVER });
await using nginx = await startNginx({ cpu: SERVER });
await using host = await startHost({ probes: { floor: { package: floor }, l7: { package: builtInPackage('l7'), enabled: false } } });

async function set(collectors: Record<string, boolean>, l7: boolean): Promise<void> {
  await host.rest.put('/v1/probes/floor', { collectors });
  await host.rest.put('/v1/probes/l7', { enabled: l7 });
  const { state } = await host.probe('l7');
  if (l7 !== (state === 'running')) throw new Error(`l7 is ${state}`);
}

const loads: Load[] = [
  { name: 'Redis SET -c 50', pid: redis.pid, run: () => redisBenchmark(redis.port, 150_000) },
  { name: 'Redis SET -c 50 -P 16', pid: redis.pid, run: () => redisBenchmark(redis.port, 1_200_000, '-P', '16') },
  { name: 'nginx 1 KB', pid: nginx.pid, run: () => wrk(nginx.port, '/memory') },
];

const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const show = (numbers: number[]): string =>
  `${median(numbers).toFixed(3)} [${Math.min(...numbers).toFixed(2)}..${Math.max(...numbers).toFixed(2)}]`;

for (const load of loads) {
  const rates = new Map<string, number[]>();
  const costs = new Map<string, number[]>();
  await load.run();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [row, prepare] of Object.entries(rows)) {
      await prepare();
      const before = cpuTime(load.pid);
      const { requests, rate } = await load.run();
      (rates.get(row) ?? rates.set(row, []).get(row)!).push(rate);
      (costs.get(row) ?? costs.set(row, []).get(row)!).push((cpuTime(load.pid) - before) / requests);
    }
  }
  const [baseRates, baseCosts] = [rates.get('no probe')!, costs.get('no probe')!];
  console.log(`\n${load.name}, medians of ${ROUNDS} rounds`);
  console.table(
    Object.fromEntries(
      Object.keys(rows).map((row) => [
        row,
        {
          'requests/s': Math.round(median(rates.get(row)!)),
          throughput: show(rates.get(row)!.map((rate, i) => rate / baseRates[i]!)),
          'CPU, ns a request': Math.round(median(costs.get(row)!)),
          CPU: show(costs.get(row)!.map((cost, i) => cost / baseCosts[i]!)),
        },
      ]),
    ),
  );
}
