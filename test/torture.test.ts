// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Child } from './harness/child.ts';
import { fallenCounters } from './harness/exposition.ts';
import type { Exposition } from './harness/exposition.ts';
import { startHost } from './harness/host.ts';
import type { Host, TestConfig } from './harness/host.ts';
import { fixturePackage, samplePackage } from './harness/paths.ts';
import { waitFor } from './harness/wait.ts';
import { compile } from './harness/workload.ts';

/** Another one by `SONDE_SEED=<number>`. */
const seed = Number(process.env['SONDE_SEED'] ?? Date.now() % 1_000_000);
const SECONDS = 15;

/** Random numbers that a seed repeats (mulberry32). */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = randomFrom(seed);
const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
const chance = (share: number): boolean => random() < share;

const packages = {
  values: fixturePackage('values'),
  fsync: samplePackage('fsync'),
  execs: samplePackage('execs'),
  readline: samplePackage('readline'),
};
const others = ['fsync', 'execs', 'readline'] as const;

function config(): TestConfig {
  const probes = Object.entries(packages).map(([name, path]) => [name, { package: path }] as const);
  return { interval: '1s', allow: [packages.execs], probes: Object.fromEntries(probes) };
}

/** A configuration with other probes and sinks; the one whose calls are counted always stays. */
function anotherConfig(host: Host): TestConfig {
  const probes: Record<string, unknown> = { values: { package: packages.values }, nowhere: { package: './nowhere' } };
  for (const name of others) if (chance(0.7)) probes[name] = { package: packages[name], enabled: chance(0.7) };
  const sinks = {
    prometheus: { listen: `127.0.0.1:${host.folder.metricsPort}`, createdTimestamps: chance(0.5) },
    ...(chance(0.7) && { log: { path: host.folder.log, metrics: chance(0.5), interval: '1s', rotate: { size: '50kB', keep: 2 } } }),
    ...(chance(0.5) && { otlp: { endpoint: 'http://127.0.0.1:9', interval: '1s' } }),
  };
  return { ...config(), probes, sinks };
}

/** Writes something bad for a moment, as an editor may. */
async function spoil(host: Host): Promise<void> {
  const good = readFileSync(host.folder.config, 'utf8');
  const half = good.slice(0, Math.floor(good.length * random()));
  writeFileSync(host.folder.config, pick([half, '', '{}', 'a: *b', '\0', good.replace('probes', 'probse')]));
  process.kill(host.pid, 'SIGHUP');
  await sleep(100);
  writeFileSync(host.folder.config, good);
}

/** A reader of metrics that goes away, or reads nothing for a while. */
async function scrapeRudely({ folder }: Host): Promise<void> {
  const socket = connect(folder.metricsPort, '127.0.0.1').on('error', () => {});
  socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n');
  if (chance(0.5)) socket.pause();
  await sleep(200 * random());
  socket.destroy();
}

const treatments: ((host: Host) => unknown)[] = [
  ({ rest }) => rest.post(`/v1/probes/${pick(others)}/${pick(['start', 'stop', 'restart'])}`),
  ({ rest }) => rest.put('/v1/probes/values', { params: { reportFrom: pick([0, 9]) }, collectors: { keyed: chance(0.5), records: chance(0.5) } }),
  ({ rest }) => rest.put('/v1/probes/values', { targets: { exclude: chance(0.5) ? [{ pid: [process.pid] }] : [] } }),
  ({ rest }) => rest.put('/v1/probes/fsync', { params: { maxFiles: pick([128, 256]) }, collectors: { memory: chance(0.5) } }),
  ({ rest }) => rest.put(`/v1/probes/${pick(others)}`, pick([{ params: { nothing: 1 } }, { collectors: { nothing: true } }, { nothing: 1 }])),
  ({ rest }) => rest.delete(`/v1/probes/${pick(others)}`),
  ({ rest }) => rest.get(pick(['/v1/probes', '/v1/sinks', '/v1/probes/values/targets', '//', '/v1/nothing'])),
  (host) => host.folder.write(anotherConfig(host)),
  (host) => Array.from({ length: 5 }, () => process.kill(host.pid, 'SIGHUP')),
  spoil,
  scrapeRudely,
];

/** Scrapes until told to stop, and resolves with each counter that fell. */
async function watch(host: Host, format: 'text' | 'openMetrics', stop: AbortSignal): Promise<string[]> {
  const fallen: string[] = [];
  for (let before: Exposition | undefined; !stop.aborted; ) {
    // the listener changes when its sink does
    const after = await host.scrape(format).catch(() => undefined);
    if (before && after) fallen.push(...fallenCounters(before, after));
    before = after ?? before;
  }
  return fallen;
}

test(`whatever is done to a host, it counts to the unit (seed ${seed})`, { timeout: 60_000 }, async () => {
  const values = await compile('workloads/values.c', { name: 'values-torture' });
  await using host = await startHost(config());
  await using workload = new Child(values.path, ['until', '3'], { env: { PAUSE_US: '500' } });
  const stop = new AbortController();
  const watchers = [watch(host, 'text', stop.signal), watch(host, 'openMetrics', stop.signal)];

  for (const end = performance.now() + SECONDS * 1000; performance.now() < end && !host.child.ended; ) {
    const answer = await pick(treatments)(host);
    expect((answer as { status?: number } | undefined)?.status ?? 200).toBeLessThan(500);
    await sleep(100 * random());
  }

  await workload.stop();
  const made = Number(workload.stdout);
  const sum = (): Promise<number> => host.scrape().then((scrape) => scrape.sum('values_calls_total', values.label), () => 0);
  await waitFor('all calls', async () => (await sum()) >= made);
  expect(await sum()).toBe(made);
  stop.abort();
  expect((await Promise.all(watchers)).flat()).toEqual([]);
  expect(await host.stop()).toBe(0);
  expect(host.output).not.toMatch(/SONDE_INTERNAL|Unhandled/);
});
