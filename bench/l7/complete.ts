// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cgroup } from '../../test/harness/cgroup.ts';
import { run } from '../../test/harness/child.ts';
import type { Exposition } from '../../test/harness/exposition.ts';
import { startHost } from '../../test/harness/host.ts';
import type { Host } from '../../test/harness/host.ts';
import { builtInPackage, probeCommand } from '../../test/harness/paths.ts';
import { startNginx, startRedis } from '../../test/l7/servers.ts';
import { printTable } from '../lib/table.ts';
import { Loader, SERVER } from './loads.ts';
import type { Outcome } from './loads.ts';

const SECONDS = 4;
const RATES = [1_000, 10_000];

interface Load {
  name: string;
  run(): Promise<Outcome>;
  /** Requests that the server says it has answered. */
  served(): Promise<number>;
  /** Requests that the probe counted on one side. */
  counted(scrape: Exposition, side: 'server' | 'client'): number;
}

/**
 * Whether every request that was sent is counted or in the ledger. Each is seen twice, by its server and by its client, both
 * of which are watched: what both counted and what the ledger says is twice what was sent.
 */
export async function complete(): Promise<void> {
  execFileSync(process.execPath, [probeCommand, 'build', builtInPackage('l7')]);
  await using redis = await startRedis({ cpu: SERVER });
  await using nginx = await startNginx({ cpu: SERVER });
  await using cgroup = new Cgroup('l7-complete');
  const targets = { include: [{ pid: [redis.pid, nginx.pid] }, { cgroup: [cgroup.path] }] };
  await using host = await startHost({ probes: { l7: { package: builtInPackage('l7'), targets } } });

  const loader = new Loader(cgroup);
  const url = `http://127.0.0.1:${nginx.port}`;
  const ofRedis: Pick<Load, 'served' | 'counted'> = {
    served: async () => Number(/cmdstat_set:calls=(\d+)/.exec(await run('redis-cli', ['-p', String(redis.port), 'info', 'commandstats']))?.[1] ?? 0),
    counted: (scrape, side) => scrape.sum(`db_${side}_operation_duration_seconds_count`, { server_port: String(redis.port), db_operation_name: 'SET' }),
  };
  let asked = 0; // nginx counts these, too
  const ofNginx: Pick<Load, 'served' | 'counted'> = {
    served: async () => Number(/^ \d+ \d+ (\d+)/m.exec(await run('curl', ['-s', `${url}/stub-status`]))![1]) - ++asked,
    counted: (scrape, side) =>
      scrape.sum(`http_${side}_request_duration_seconds_count`, {
        server_port: String(nginx.port),
        [side === 'server' ? 'http_route' : 'url_template']: '/memory',
      }),
  };
  const loads: Load[] = [
    ...RATES.map((rate) => ({ ...ofRedis, name: `Redis at ${rate}/s`, run: () => loader.pacedRedis(redis.port, rate, SECONDS, 1) })),
    { ...ofRedis, name: 'Redis at the maximum', run: () => loader.redisBenchmark(redis.port, 300_000) },
    ...RATES.map((rate) => ({ ...ofRedis, name: `Redis -P 16 at ${rate}/s`, run: () => loader.pacedRedis(redis.port, rate, SECONDS, 16) })),
    { ...ofRedis, name: 'Redis -P 16 at the maximum', run: () => loader.redisBenchmark(redis.port, 3_000_000, '-P', '16') },
    ...RATES.map((rate) => ({ ...ofNginx, name: `nginx at ${rate}/s`, run: () => loader.h2load(`${url}/memory`, rate * SECONDS, rate) })),
    { ...ofNginx, name: 'nginx at the maximum', run: () => loader.h2load(`${url}/memory`, 300_000) },
  ];
  const rows = [];
  for (const load of loads) rows.push(await measure(load, host));
  printTable([['', 'a second', 'sent', 'by the server', 'by the client', 'lost', 'counted, %', 'unaccounted for'], ...rows]);
}

async function measure(load: Load, host: Host): Promise<string[]> {
  const [before, servedBefore] = [await host.scrape(), await load.served()];
  const { requests, rate } = await load.run();
  const served = (await load.served()) - servedBefore;
  const since = (scrape: Exposition, side: 'server' | 'client'): number => load.counted(scrape, side) - load.counted(before, side);
  // Snapshots are shared for a second.
  await sleep(1100);
  const scrape = await host.scrape();
  const [byServer, byClient] = [since(scrape, 'server'), since(scrape, 'client')];
  const losses = lossesOf(scrape).map(([cause, count], i) => [cause, count - lossesOf(before)[i]![1]] as const);
  const lost = losses.reduce((sum, [, count]) => sum + count, 0);
  if (served !== requests) throw new Error(`${load.name}: the loader says ${requests}, the server ${served}`);
  return [
    load.name,
    rate.toFixed(0),
    String(requests),
    String(byServer),
    String(byClient),
    losses.filter(([, count]) => count > 0).map(([cause, count]) => `${count} ${cause}`).join(', ') || '0',
    (((byServer + byClient) / (2 * requests)) * 100).toFixed(3),
    String(2 * requests - byServer - byClient - lost),
  ];
}

function lossesOf(scrape: Exposition): [cause: string, count: number][] {
  return scrape.select('sonde_loss_total', { probe: 'l7', stage: 'kernel' }).map(({ labels, value }) => [labels.cause!, value]);
}
