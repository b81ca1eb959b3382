// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Exposition, Labels } from './harness/exposition.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { builtInPackage } from './harness/paths.ts';
import { temporaryFolder } from './harness/temporary-folder.ts';
import { byteByByte, cutAtRandom, endpoint, fixtures, randomFrom, whole } from './l7/replay.ts';
import type { Cut, Fixture } from './l7/replay.ts';

const SEEDS = [1, 2, 3, 4, 5, 6];
const cuts: [string, Cut][] = [
  ['whole', whole],
  ['byte by byte', byteByByte],
  ...SEEDS.map((seed): [string, Cut] => [`cut at random, seed ${seed}`, cutAtRandom(seed)]),
];
const cases = ['redis', 'http1'].flatMap((protocol) =>
  fixtures(protocol).flatMap((fixture) => cuts.map(([how, cut]) => ({ protocol, fixture, how, cut }))),
);

let host: Host;
beforeAll(async () => {
  host = await startHost({ probes: { l7: { package: builtInPackage('l7') } } });
});
afterAll(() => host[Symbol.asyncDispose]());

const families: Record<string, Record<string, string>> = {
  redis: { server: 'db_server_operation_duration_seconds', client: 'db_client_operation_duration_seconds' },
  http1: { server: 'http_server_request_duration_seconds', client: 'http_client_request_duration_seconds' },
};

/** What a series is about, in the words of fixtures. */
function named({ labels }: { labels: Labels }): string {
  const { db_operation_name: command = '', error_type: error, redis_command_blocking: blocking } = labels;
  if (labels.http_request_method === undefined) return command + (error ? ` ${error}` : '') + (blocking ? ' blocking' : '');
  return `${labels.http_request_method} ${labels.http_route ?? labels.url_template ?? ''} ${labels.http_response_status_code}`;
}

function counts(scrape: Exposition, family: string, labels: Labels): Record<string, number> {
  return Object.fromEntries(scrape.select(`${family}_count`, labels).map((sample) => [named(sample), sample.value]));
}

test('each recorded conversation counts the same however it is cut, on both sides', async () => {
  const played: { protocol: string; title: string; fixture: Fixture; port: string }[] = [];
  for (const { protocol, fixture, how, cut } of cases) {
    await using server = await endpoint();
    await server.replay(fixture, cut);
    played.push({ protocol, title: `${protocol}, ${fixture.name}, ${how}`, fixture, port: String(server.address) });
  }
  const scrape = await host.scrapeUntil('the last conversation', (seen) => {
    const { protocol, port } = played.at(-1)!;
    return seen.select(`${families[protocol]!.client}_count`, { server_port: port }).length > 0;
  });
  const wrong = played.flatMap(({ protocol, title, fixture, port }) =>
    Object.entries(families[protocol]!).flatMap(([side, family]) => {
      const seen: Record<string, unknown> = counts(scrape, family, { server_port: port });
      const wanted: Record<string, unknown> = { ...fixture.expect };
      if (fixture.bodies !== undefined) {
        wanted.bodies = fixture.bodies;
        const sum = (what: string): number => scrape.sum(`http_${side}_${what}_body_size_bytes_sum`, { server_port: port });
        seen.bodies = { request: sum('request'), response: sum('response') };
      }
      return same(seen, wanted) ? [] : [`${title}, ${side}: ${JSON.stringify(seen)} and not ${JSON.stringify(wanted)}`];
    }),
  );
  expect(wrong).toEqual([]);
}, 120_000);

test('broken conversations do no harm: what comes after them counts to the unit', async () => {
  await using broken = await endpoint();
  for (let seed = 1; seed <= 20; seed++) {
    for (const { fixture } of cases.filter(({ how }) => how === 'whole')) {
      const random = randomFrom(seed * 7919);
      const steps = fixture.steps.map(([who, text]) => [who, corrupt(text, random)] as const);
      await broken.replay({ steps }, cutAtRandom(seed));
    }
  }
  await using server = await endpoint();
  const [fixture] = fixtures('redis');
  await server.replay(fixture!, whole);
  const labels = { server_port: String(server.address) };
  const scrape = await host.scrapeUntil('the commands', (seen) =>
    seen.select(`${families.redis!.client}_count`, labels).length >= Object.keys(fixture!.expect).length,
  );
  for (const family of Object.values(families.redis!)) expect(counts(scrape, family, labels)).toEqual(fixture!.expect);
  expect(await host.probe('l7')).toMatchObject({ state: 'running' });
}, 120_000);

test('a Unix socket counts like TCP', async () => {
  using folder = temporaryFolder();
  const [fixture] = fixtures('redis');
  await using server = await endpoint(join(folder.path, 'l7.sock'));
  await server.replay(fixture!, whole);
  const scrape = await host.scrapeUntil('the commands', (seen) =>
    seen.select('db_client_operation_duration_seconds_count', { network_transport: 'unix' }).length > 0,
  );
  for (const family of Object.values(families.redis!)) {
    expect(counts(scrape, family, { network_transport: 'unix' })).toEqual(fixture!.expect);
  }
});

/** Changes, drops or repeats a few bytes. */
function corrupt(text: string, random: () => number): string {
  let result = text;
  for (let i = 0; i < 1 + Math.floor(random() * 4); i++) {
    const at = Math.floor(random() * result.length);
    const middle = [String.fromCharCode(random() * 256), '', result.slice(at, at + 20)][Math.floor(random() * 3)]!;
    result = result.slice(0, at) + middle + result.slice(at + (middle.length === 1 ? 1 : 0));
  }
  return result || 'x';
}

function same(a: object, b: object): boolean {
  const sorted = (value: object): string => JSON.stringify(Object.entries(value).toSorted(([x], [y]) => (x < y ? -1 : 1)));
  return sorted(a) === sorted(b);
}
