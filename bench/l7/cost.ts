// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startHost } from '../../test/harness/host.ts';
import type { Host } from '../../test/harness/host.ts';
import { builtInPackage, probeCommand } from '../../test/harness/paths.ts';
import { startNginx, startRedis } from '../../test/l7/servers.ts';
import { median } from '../lib/table.ts';
import { Loader, SERVER, cpuTime } from './loads.ts';
import type { Outcome } from './loads.ts';

const floor = fileURLToPath(new URL('floor', import.meta.url));

interface Load {
  name: string;
  pid: number;
  run(): Promise<Outcome>;
}

/** What is on in each row: a collector of the floor, or the probe. */
const rows: Record<string, 'nothing' | 'hooks' | 'histogram' | 'read' | 'l7'> = {
  'no probe': 'nothing',
  'hooks alone': 'hooks',
  'a bare histogram': 'histogram',
  'and 128 bytes read': 'read',
  l7: 'l7',
};

/**
 * What Redis and nginx lose under the probe, beside the least that any probe on its hooks costs. Every round measures each
 * row once, so that the rows of a round share its weather; a ratio is that of a row to the row without a probe of the same
 * round.
 */
export async function cost(rounds = '5', part = ''): Promise<void> {
  execFileSync(process.execPath, [probeCommand, 'build', floor, builtInPackage('l7')]);
  await using redis = await startRedis({ cpu: SERVER });
  await using nginx = await startNginx({ cpu: SERVER });
  await using host = await startHost({ probes: { floor: { package: floor }, l7: { package: builtInPackage('l7'), enabled: false } } });
  const loader = new Loader();
  const url = `http://127.0.0.1:${nginx.port}/memory`;
  const loads: Load[] = [
    { name: 'Redis SET -c 50', pid: redis.pid, run: () => loader.redisBenchmark(redis.port, 150_000) },
    { name: 'Redis SET -c 50 -P 16', pid: redis.pid, run: () => loader.redisBenchmark(redis.port, 1_200_000, '-P', '16') },
    { name: 'nginx 1 KB', pid: nginx.pid, run: () => loader.wrk(url, 3) },
    { name: 'nginx 1 KB at 10,000/s', pid: nginx.pid, run: () => loader.h2load(url, 30_000, 10_000) },
  ];
  for (const load of loads.filter(({ name }) => name.includes(part))) await measure(load, host, Number(rounds));
}

async function measure(load: Load, host: Host, rounds: number): Promise<void> {
  const rates = new Map<string, number[]>();
  const costs = new Map<string, number[]>();
  await load.run();
  for (let round = 0; round < rounds; round++) {
    for (const [row, on] of Object.entries(rows)) {
      await prepare(host, on);
      const before = cpuTime(load.pid);
      const { requests, rate } = await load.run();
      (rates.get(row) ?? rates.set(row, []).get(row)!).push(rate);
      (costs.get(row) ?? costs.set(row, []).get(row)!).push((cpuTime(load.pid) - before) / requests);
    }
  }
  const [baseRates, baseCosts] = [rates.get('no probe')!, costs.get('no probe')!];
  console.log(`\n${load.name}, medians of ${rounds} rounds`);
  console.table(
    Object.fromEntries(
      Object.keys(rows).map((row) => [
        row,
        {
          'requests/s': Math.round(median(rates.get(row)!)),
          throughput: show(rates.get(row)!.map((rate, i) => rate / baseRates[i]!)),
          'CPU, ns a request': Math.round(median(costs.get(row)!)),
          CPU: show(costs.get(row)!.map((nanoseconds, i) => nanoseconds / baseCosts[i]!)),
        },
      ]),
    ),
  );
}

async function prepare(host: Host, on: (typeof rows)[string]): Promise<void> {
  const collectors = Object.fromEntries(['hooks', 'histogram', 'read'].map((name) => [name, name === on]));
  await host.rest.put('/v1/probes/floor', { collectors });
  await host.rest.put('/v1/probes/l7', { enabled: on === 'l7' });
  const { state } = await host.probe('l7');
  if ((on === 'l7') !== (state === 'running')) throw new Error(`l7 is ${state}`);
}

const show = (numbers: number[]): string =>
  `${median(numbers).toFixed(3)} [${Math.min(...numbers).toFixed(2)}..${Math.max(...numbers).toFixed(2)}]`;
