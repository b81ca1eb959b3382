// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cgroup } from './harness/cgroup.ts';
import { run } from './harness/child.ts';
import type { Exposition } from './harness/exposition.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { builtInPackage, repository } from './harness/paths.ts';
import { BIG, startApache, startNginx, startNode, startPython, startRedis } from './l7/servers.ts';

let host: Host;
/** All servers and clients run here and nothing else is watched, so that the ledger is theirs alone. */
let cgroup: Cgroup;
beforeAll(async () => {
  cgroup = new Cgroup('l7-servers');
  const targets = { include: [{ cgroup: [cgroup.path] }] };
  host = await startHost({ probes: { l7: { package: builtInPackage('l7'), targets } } });
});
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await cgroup[Symbol.asyncDispose]();
});

const losses = (scrape: Exposition): number => scrape.sum('sonde_loss_total', { probe: 'l7', stage: 'kernel' });

const byNode = (url: string): string => `const agent = new (require('http').Agent)({ keepAlive: true, maxSockets: 8 });
let missing = 400;
for (let i = 0; i < 400; i++) require('http').get('${url}/users/node-' + i, { agent }, (response) =>
  response.resume().on('end', () => --missing || process.exit()));`;

const byPython = (url: string): string => `import http.client, threading
def ask(thread):
    connection = http.client.HTTPConnection('${url.slice('http://'.length)}')
    for i in range(100):
        connection.request('GET', '/users/python-%d-%d' % (thread, i)); connection.getresponse().read()
threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()`;

test.for([
  ['nginx', startNginx],
  ['Apache', startApache],
  ['Node', startNode],
  ['Python', startPython],
] as const)('%s: what both sides count is what its access log says, by unique ids', async ([, start]) => {
  await using server = await start({ cgroup });
  const url = `http://127.0.0.1:${server.port}`;
  const before = losses(await host.scrape());
  await Promise.all([
    cgroup.run('curl', ['-s', '-o', '/dev/null', `${url}/users/curl-[0-199]`]),
    cgroup.run(process.execPath, ['-e', byNode(url)]),
    cgroup.run('python3', ['-c', byPython(url)]),
  ]);
  const port = { server_port: String(server.port) };
  const count = (seen: Exposition, side: string): number => seen.sum(`http_${side}_request_duration_seconds_count`, port);
  const scrape = await host.scrapeUntil('the requests', (seen) => count(seen, 'server') >= 1000 && count(seen, 'client') >= 1000);
  const asked = server.asked();
  expect([asked.length, new Set(asked).size]).toEqual([1000, 1000]);
  expect([count(scrape, 'server'), count(scrape, 'client')]).toEqual([1000, 1000]);
  expect(scrape.sum('http_server_request_duration_seconds_count', { ...port, http_route: '/users/{id}', http_response_status_code: '200' })).toBe(1000);
  const of = (client: string): number =>
    scrape
      .select('http_client_request_duration_seconds_count', port)
      .reduce((sum, { labels, value }) => sum + (labels.process_executable_name!.startsWith(client) ? value : 0), 0);
  expect([of('curl'), of('node'), of('python')]).toEqual([200, 400, 400]);
  expect(losses(scrape) - before).toBe(0);
});

test('all that redis-benchmark can do: each command counts as often as Redis itself says', async () => {
  await using server = await startRedis({ cgroup });
  const before = losses(await host.scrape());
  for (const pipeline of ['1', '16']) {
    await cgroup.run('redis-benchmark', ['-p', String(server.port), '-n', '2000', '-c', '10', '-P', pipeline, '-q']);
  }
  await cgroup.run('redis-cli', ['-p', String(server.port), 'eval', 'return redis.call("get", "x")', '0']);
  const said = await commandsOf(server.port);
  delete said.GET; // a script's own commands are not requests
  const port = { server_port: String(server.port) };
  const counts = (seen: Exposition, side: string): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const { labels, value } of seen.select(`db_${side}_operation_duration_seconds_count`, port)) {
      const name = labels.db_operation_name ?? '';
      sums[name] = (sums[name] ?? 0) + value;
    }
    return sums;
  };
  const scrape = await host.scrapeUntil('the commands', (seen) => counts(seen, 'server').EVAL === 1);
  for (const side of ['server', 'client']) {
    expect(counts(scrape, side), side).toMatchObject(said);
    expect(counts(scrape, side).GET, side).toBe(4000);
  }
  expect(losses(scrape) - before).toBe(0);
});

test('RESP3 with pushes, a transaction, subscriptions, waiting, errors and inline commands of a real Redis count to the unit', async () => {
  await using server = await startRedis({ cgroup });
  const before = losses(await host.scrape());
  await cgroup.run('python3', [join(repository, 'test/workloads/redis-conversation.py'), String(server.port)]);
  const counts = (seen: Exposition, side: string): Record<string, number> =>
    Object.fromEntries(
      seen.select(`db_${side}_operation_duration_seconds_count`, { server_port: String(server.port) }).map(({ labels, value }) => {
        const { db_operation_name: command = '', error_type: error = '', redis_command_blocking: waits } = labels;
        return [`${command} ${waits ? 'waiting' : error}`.trim(), value];
      }),
    );
  const scrape = await host.scrapeUntil('the last', (seen) => counts(seen, 'client').SET === 2);
  const expected = {
    HELLO: 1, CLIENT: 1, GET: 1, SET: 2, PING: 3, MULTI: 1, INCR: 2, EXEC: 1, 'LPUSH WRONGTYPE': 1, ERR: 1,
    'EVALSHA NOSCRIPT': 1, SUBSCRIBE: 1, PUBLISH: 3, UNSUBSCRIBE: 1, 'BLPOP waiting': 2, RPUSH: 1,
  };
  expect(counts(scrape, 'server')).toEqual(expected);
  expect(counts(scrape, 'client')).toEqual(expected);
  expect(losses(scrape) - before).toBe(0);
});

/** How often each command was carried out, by Redis' own statistics. What it counts by subcommand is added up. */
async function commandsOf(port: number): Promise<Record<string, number>> {
  const info = await run('redis-cli', ['-p', String(port), 'info', 'commandstats']);
  const sums: Record<string, number> = {};
  for (const [, command, calls] of info.matchAll(/^cmdstat_(\w+)[^:]*:calls=(\d+)/gm)) {
    sums[command!.toUpperCase()] = (sums[command!.toUpperCase()] ?? 0) + Number(calls);
  }
  return sums;
}

test('beyond maxRoutes, requests count without a route', async () => {
  await using server = await startNode({ cgroup });
  await host.rest.put('/v1/probes/l7', { params: { maxRoutes: 5 } });
  await cgroup.run('curl', ['-s', '-o', '/dev/null', `http://127.0.0.1:${server.port}/{a,b,c,d,e,f,g,h}/[1-10]`]);
  const port = { server_port: String(server.port) };
  const scrape = await host.scrapeUntil('the requests', (seen) => seen.sum('http_server_request_duration_seconds_count', port) >= 80);
  const byRoute = scrape.select('http_server_request_duration_seconds_count', port).map(({ labels, value }) => [labels.http_route, value]);
  expect(Object.fromEntries(byRoute)).toEqual({ '/a/{id}': 10, '/b/{id}': 10, '/c/{id}': 10, '/d/{id}': 10, '/e/{id}': 10, undefined: 30 });
  await host.rest.put('/v1/probes/l7', { params: { maxRoutes: 1000 } });
});

test('bodies of gigabytes are passed over, by sendfile and by write, and their size is exact', async () => {
  await using server = await startNginx({ cgroup });
  const url = `http://127.0.0.1:${server.port}`;
  await cgroup.run('curl', ['-s', '-o', '/dev/null', `${url}/big`, '-o', '/dev/null', `${url}/big-copied`, '-o', '/dev/null', `${url}/1k`]);
  const port = { server_port: String(server.port) };
  const scrape = await host.scrapeUntil('the requests', (seen) => seen.sum('http_client_request_duration_seconds_count', port) >= 3);
  for (const side of ['server', 'client']) {
    expect(scrape.sum(`http_${side}_response_body_size_bytes_sum`, port), side).toBe(2 * BIG + 1024);
  }
});
