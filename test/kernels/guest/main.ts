// SPDX-License-Identifier: Apache-2.0
/**
 * What runs in a guest: the probes, and the checks one after the other. Prints one line, `REPORT` and a `Report` in JSON.
 *
 *	node test/kernels/guest/main.ts <JSON of Workloads>
 */
import { release } from 'node:os';
import { startHost, type RestProbe } from '../../harness/host.ts';
import { builtInPackage } from '../../harness/paths.ts';
import { RedisClient, startRedis } from '../../l7/servers.ts';
import { checks, probes, type Guest, type Workloads } from './checks.ts';
import { Network } from './network.ts';

/** What happened in a guest. */
export interface Report {
  kernel: string;
  probes: Record<string, RestProbe>;
  /** By the title of each check of a probe that runs: what went wrong, or nothing; and how long it took. */
  checks: Record<string, { error?: string; seconds: number }>;
}

const workloads = JSON.parse(process.argv[2] ?? '') as Workloads;
const redis = await startRedis();
const older = await RedisClient.connect(redis.port);
await older.pipeline(['PING']);
const network = await Network.create();
const host = await startHost(
  { probes: Object.fromEntries(probes.map((name) => [name, { package: builtInPackage(name) }])) },
  { timeout: 30_000 },
);
const report: Report = { kernel: release(), probes: {}, checks: {} };
for (const name of probes) report.probes[name] = await host.probe(name);
const guest: Guest = { host, workloads, network, redis, older };
for (const check of checks.filter(({ probe }) => report.probes[probe]?.state === 'running')) {
  const began = performance.now();
  const error = await check.run(guest).then(() => undefined, (thrown: Error) => [thrown.stack, thrown.cause].join('\n'));
  console.log(`${check.title}: ${error === undefined ? 'yes' : 'no'}`);
  report.checks[check.title] = { ...(error !== undefined && { error }), seconds: (performance.now() - began) / 1000 };
}
older.close();
await host[Symbol.asyncDispose]();
await redis[Symbol.asyncDispose]();
console.log(`REPORT ${JSON.stringify(report)}`);
process.exit(); // what a failed check left open is no reason to stay
