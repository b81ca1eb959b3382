// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cgroup } from './harness/cgroup.ts';
import type { Exposition, Labels } from './harness/exposition.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { builtInPackage } from './harness/paths.ts';
import { compile } from './harness/workload.ts';

const COUNT = 300;
const server = 'db_server_operation_duration_seconds_count';
const client = 'db_client_operation_duration_seconds_count';

let host: Host;
let cgroup: Cgroup;
beforeAll(async () => {
  cgroup = new Cgroup('l7-calls');
  const targets = { include: [{ cgroup: [cgroup.path] }] };
  host = await startHost({ probes: { l7: { package: builtInPackage('l7'), targets } } });
});
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await cgroup[Symbol.asyncDispose]();
});

/** Runs the workload in a process of a name of its own, and resolves with what marks its series. */
async function converse(transport: string, way: string): Promise<Labels> {
  const name = `l7-${transport}-${way.replaceAll(/\W/g, '')}`;
  const workload = await compile('workloads/l7-calls.c', { name });
  await cgroup.run(workload.path, [transport, way, String(COUNT)]);
  return { ...workload.label, db_operation_name: 'SET' };
}

function losses(scrape: Exposition): Record<string, number> {
  const lost = scrape.select('sonde_loss_total', { probe: 'l7', stage: 'kernel' }).filter(({ value }) => value > 0);
  return Object.fromEntries(lost.map(({ labels, value }) => [labels.cause!, value]));
}

const ways = ['read/write', 'readv/writev', 'preadv2/pwritev2', 'recv/send', 'recvfrom/sendto', 'recvmsg/sendmsg', 'recvmmsg/sendmmsg', 'peek'];

test.each(['tcp', 'unix'])('%s: each way to read and write a socket counts to the unit, on both sides, and nothing is lost', async (transport) => {
  const labels: Labels[] = [];
  for (const way of ways) labels.push(await converse(transport, way));
  const scrape = await host.scrapeUntil('the commands', (seen) => seen.sum(client, labels.at(-1)) >= COUNT);
  const counted = labels.map((each, i) => [ways[i], scrape.sum(server, each), scrape.sum(client, each)]);
  expect(counted).toEqual(ways.map((way) => [way, COUNT, COUNT]));
  expect(losses(scrape)).toEqual({});
});

test('what is spliced out of a socket is a gap, its response is unmatched, and what comes after it counts', async () => {
  const before = losses(await host.scrape());
  const labels = await converse('tcp', 'splice');
  const scrape = await host.scrapeUntil('the commands', (seen) => seen.sum(client, labels) >= COUNT);
  expect([scrape.sum(server, labels), scrape.sum(client, labels)]).toEqual([(COUNT / 3) * 2, COUNT]);
  expect(losses(scrape)).toEqual({ ...before, gap: COUNT / 3, unmatched: COUNT / 3 });
});

test.runIf(process.arch === 'x64')('what a 32-bit program sends is unseen, call by call', async () => {
  const before = losses(await host.scrape()).unseen ?? 0;
  const labels = await converse('tcp', '32 bits');
  const unseen = (seen: Exposition): number => (losses(seen).unseen ?? 0) - before;
  const scrape = await host.scrapeUntil('the calls', (seen) => unseen(seen) >= 4 * COUNT);
  expect(unseen(scrape)).toBe(4 * COUNT);
  expect(scrape.sum(server, labels) + scrape.sum(client, labels)).toBe(0);
});
