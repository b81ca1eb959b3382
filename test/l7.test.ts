// SPDX-License-Identifier: Apache-2.0
import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './harness/child.ts';
import type { Exposition, Labels } from './harness/exposition.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { builtInPackage } from './harness/paths.ts';
import { waitFor } from './harness/wait.ts';
import { compile } from './harness/workload.ts';
import { RedisClient, startApache, startNginx, startPython, startRedis } from './l7/servers.ts';
import { endpoint, fixtures, whole } from './l7/replay.ts';

const redisServer = 'db_server_operation_duration_seconds_count';
const redisClient = 'db_client_operation_duration_seconds_count';
const httpServer = 'http_server_request_duration_seconds_count';
const httpClient = 'http_client_request_duration_seconds_count';

let host: Host;
/** On a connection older than the probe. */
let older: RedisClient;
let redis: Awaited<ReturnType<typeof startRedis>>;
beforeAll(async () => {
  redis = await startRedis();
  older = await RedisClient.connect(redis.port);
  await older.pipeline(['PING']);
  host = await startHost({ probes: { l7: { package: builtInPackage('l7'), params: { reportFailed: true, reportSlow: true } } } });
});
afterAll(async () => {
  older?.close();
  await host?.[Symbol.asyncDispose]();
  await redis?.[Symbol.asyncDispose]();
});

const byPort = (port: number, labels: Labels = {}): Labels => ({ server_port: String(port), ...labels });

function lost(scrape: Exposition): number {
  return scrape.sum('sonde_loss_total', { probe: 'l7', stage: 'kernel' });
}

test('20,000 requests, pipelined by sixteen on a connection older than the probe, count to the unit', async () => {
  for (let batch = 0; batch < 1250; batch++) {
    await older.pipeline(Array.from({ length: 16 }, (_, i) => (i % 3 === 0 ? `INCR n${i}` : `SET k${i} ${batch}`)));
  }
  const scrape = await host.scrapeUntil('20,000 requests', (seen) => seen.sum(redisServer, byPort(redis.port)) >= 20_000);
  for (const family of [redisServer, redisClient]) {
    expect(scrape.sum(family, byPort(redis.port, { db_operation_name: 'INCR' }))).toBe(7_500);
    expect(scrape.sum(family, byPort(redis.port, { db_operation_name: 'SET' }))).toBe(12_500);
  }
});

test('redis-benchmark: what it sent is what is counted, with and without a pipeline', async () => {
  await using server = await startRedis();
  await run('redis-benchmark', ['-p', String(server.port), '-t', 'get', '-n', '20000', '-c', '20', '-q']);
  await run('redis-benchmark', ['-p', String(server.port), '-t', 'lpush', '-n', '100000', '-c', '10', '-P', '50', '-q']);
  const scrape = await host.scrapeUntil('120,000 requests', (seen) => seen.sum(redisServer, byPort(server.port)) >= 120_000);
  for (const family of [redisServer, redisClient]) {
    expect(scrape.sum(family, byPort(server.port, { db_operation_name: 'GET' }))).toBe(20_000);
    expect(scrape.sum(family, byPort(server.port, { db_operation_name: 'LPUSH' }))).toBe(100_000);
  }
});

test('wrk and nginx: what the client had answered is what both sides count, files by sendfile included', async () => {
  await using server = await startNginx();
  let answered = 0;
  for (const path of ['/1k', '/memory']) {
    const out = await run('wrk', ['-t', '1', '-c', '8', '-d', '1', `http://127.0.0.1:${server.port}${path}`]);
    answered += Number(/(\d+) requests in/.exec(out)![1]);
  }
  const scrape = await host.scrapeUntil('the requests', (seen) => seen.sum(httpClient, byPort(server.port)) >= answered);
  // wrk ends with a request open on each connection, which nginx may have answered.
  expect(scrape.sum(httpClient, byPort(server.port)) - answered).toBeLessThanOrEqual(16);
  expect(scrape.sum(httpServer, byPort(server.port)) - answered).toBeLessThanOrEqual(16);
  expect(scrape.sum(httpServer, byPort(server.port))).toBeGreaterThanOrEqual(answered);
  expect(scrape.sum('http_server_response_body_size_bytes_sum', byPort(server.port))).toBe(
    1024 * scrape.sum(httpServer, byPort(server.port)),
  );
});

test.for([
  ['nginx', startNginx],
  ['Apache', startApache],
  ['Python', startPython],
] as const)('curl, Node and Python ask %s: clients by name, status and route', async ([, start]) => {
  await using server = await start();
  const url = `http://127.0.0.1:${server.port}`;
  await run('curl', ['-s', '-o', '/dev/null', `${url}/users/1`, '-o', '/dev/null', `${url}/users/2`]);
  await run('curl', ['-s', '-I', `${url}/users/3`]);
  await run('python3', ['-c', `import urllib.request as u\nfor i in range(5): u.urlopen('${url}/users/%d' % i).read()`]);
  const node = `const a = new (require('http').Agent)({ keepAlive: true, maxSockets: 1 }); let n = 0;
    for (let i = 0; i < 7; i++) require('http').get('${url}/users/' + i, { agent: a }, r => r.resume().on('end', () => ++n === 7 && process.exit()))`;
  await run(process.execPath, ['-e', node]);
  const route = { url_template: '/users/{id}', http_response_status_code: '200' };
  const scrape = await host.scrapeUntil('the requests', (seen) => seen.sum(httpServer, byPort(server.port)) >= 15);
  const count = (executable: string, method: string): number =>
    scrape.select(httpClient, byPort(server.port, { http_request_method: method, ...route })).reduce(
      (sum, { labels, value }) => sum + (labels.process_executable_name!.startsWith(executable) ? value : 0), 0);
  expect({ curl: count('curl', 'GET'), head: count('curl', 'HEAD'), python: count('python', 'GET'), node: count('node', 'GET') }).toEqual({
    curl: 2, head: 1, python: 5, node: 7,
  });
  expect(scrape.sum(httpServer, byPort(server.port, { http_route: '/users/{id}' }))).toBe(15);
});

test('HTTP on the port of Redis and Redis on the port of HTTP are what they are', async () => {
  await using nginx = await startNginx({ port: 6379 });
  await using server = await startRedis({ port: 80 });
  await run('curl', ['-s', '-o', '/dev/null', `http://127.0.0.1:${nginx.port}/memory`]);
  const client = await RedisClient.connect(server.port);
  await client.pipeline(['SET a 1', 'GET a']);
  client.close();
  const scrape = await host.scrapeUntil('both', (seen) => seen.sum(redisServer, byPort(80)) >= 2 && seen.sum(httpServer, byPort(6379)) >= 1);
  expect(scrape.sum(httpServer, byPort(6379))).toBe(1);
  expect(scrape.sum(redisServer, byPort(80))).toBe(2);
  expect(scrape.sum(redisServer, byPort(6379)) + scrape.sum(httpServer, byPort(80))).toBe(0);
});

/** A server that hands its connections to the test. */
async function listen(): Promise<{ port: number; pair(): Promise<[client: Socket, peer: Socket]> } & AsyncDisposable> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  return {
    port,
    async pair() {
      const accepted = once(server, 'connection');
      const client = connect(port, '127.0.0.1');
      const [peer] = (await accepted) as [Socket];
      for (const socket of [client, peer]) sockets.push(socket.on('error', () => undefined).resume());
      return [client, peer];
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const said = (from: Socket, to: Socket, text: string): Promise<unknown> => {
  const arrived = once(to, 'data');
  from.write(text, 'latin1');
  return arrived;
};

test('peers that die in the middle leave their requests in the ledger, on both sides', async () => {
  await using server = await listen();
  const before = lost(await host.scrapeUntil('a scrape', () => true));
  const [client, peer] = await server.pair();
  await said(client, peer, 'GET /half HTTP/1.1\r\n\r\nGET /never HTTP/1.1\r\n\r\n');
  await said(peer, client, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
  const closed = new Promise((resolve) => client.on('close', resolve));
  peer.resetAndDestroy();
  await closed;
  const scrape = await host.scrapeUntil('the loss', (seen) => lost(seen) >= before + 4);
  expect(scrape.value('sonde_loss_total', { probe: 'l7', cause: 'open_at_exit' })).toBeGreaterThanOrEqual(4);
  expect(scrape.sum(httpServer, byPort(server.port))).toBe(0);
});

test('garbage is nothing, and what follows a change of the protocol is told from it', async () => {
  await using server = await listen();
  const [client, peer] = await server.pair();
  for (let i = 0; i < 40; i++) await said(client, peer, `\x00\xff\x80 garbage ${i}`);
  await said(peer, client, '$$$$\n\n\n');
  client.end();
  peer.end();
  const [second, other] = await server.pair();
  await said(second, other, 'GET /before HTTP/1.1\r\n\r\n');
  await said(other, second, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  await said(second, other, '*1\r\n$4\r\nPING\r\n');
  await said(other, second, '+PONG\r\n');
  second.end();
  other.end();
  const scrape = await host.scrapeUntil('the change', (seen) => seen.sum(redisServer, byPort(server.port)) > 0);
  expect(scrape.sum(httpServer, byPort(server.port))).toBe(1);
  expect(scrape.sum(redisServer, byPort(server.port, { db_operation_name: 'PING' }))).toBe(1);
});

test('a response that nobody asked for is unmatched, and changes no other', async () => {
  await using server = await listen();
  const [client, peer] = await server.pair();
  const unmatched = (scrape: Exposition): number => scrape.sum('sonde_loss_total', { probe: 'l7', cause: 'unmatched' });
  const before = unmatched(await host.scrape());
  await said(peer, client, 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n');
  await said(client, peer, 'GET /late HTTP/1.1\r\n\r\n');
  await said(peer, client, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  client.end();
  peer.end();
  const scrape = await host.scrapeUntil('the response', (seen) => unmatched(seen) >= before + 2);
  expect(scrape.select(httpServer, byPort(server.port)).map(({ labels }) => labels.http_response_status_code)).toEqual(['200']);
});

test('requests beyond the 64 that may be open are lost one by one, and those after them count', async () => {
  await using server = await listen();
  const [client, peer] = await server.pair();
  const full = (scrape: Exposition): number => scrape.sum('sonde_loss_total', { probe: 'l7', cause: 'queue_full' });
  const before = full(await host.scrape());
  const ask = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await said(client, peer, '*1\r\n$4\r\nPING\r\n');
  };
  await ask(100);
  await said(peer, client, '+PONG\r\n'.repeat(50));
  await ask(40);
  await said(peer, client, '+PONG\r\n'.repeat(90));
  await ask(3);
  await said(peer, client, '+PONG\r\n'.repeat(3));
  client.end();
  peer.end();
  const scrape = await host.scrapeUntil('the last', (seen) => seen.sum(redisServer, byPort(server.port)) >= 107);
  expect([scrape.sum(redisServer, byPort(server.port)), scrape.sum(redisClient, byPort(server.port))]).toEqual([107, 107]);
  expect(full(scrape) - before).toBe(2 * 36);
});

test('what io_uring sends is unseen, and what its peer reads is not', async () => {
  await using server = await startRedis();
  const unseen = (scrape: Exposition): number => scrape.sum('sonde_loss_total', { probe: 'l7', cause: 'unseen' });
  const before = unseen(await host.scrape());
  const workload = await compile('workloads/uring-send.c');
  await run(workload.path, [String(server.port), '5']);
  const scrape = await host.scrapeUntil('the commands', (seen) => seen.sum(redisServer, byPort(server.port)) >= 5);
  expect(unseen(scrape) - before).toBeGreaterThanOrEqual(5);
  expect(scrape.sum(redisClient, byPort(server.port))).toBe(0);
});

test('failed and slow requests are told one by one', async () => {
  expect(await host.rest.put('/v1/probes/l7', { params: { slowThreshold: '0s' } })).toMatchObject({ status: 200 });
  const client = await RedisClient.connect(redis.port);
  await client.pipeline(['LPUSH list 1', 'INCR list']);
  client.close();
  await using server = await startNginx();
  await run('curl', ['-s', '-o', '/dev/null', `http://127.0.0.1:${server.port}/status/503`]);
  await waitFor('the events', () => {
    const told = host.events().map(({ event_name: name, attributes }) => `${String(name)} ${JSON.stringify(attributes)}`);
    return [
      /^redis\.command\.failed .*"INCR".*"WRONGTYPE"/,
      /^redis\.command\.slow .*"LPUSH"/,
      /^http\.request\.failed .*"\/status\/\{id\}".*503/,
    ].every((pattern) => told.some((event) => pattern.test(event)));
  });
  await host.rest.put('/v1/probes/l7', { params: { slowThreshold: '1s' } });
});

test('what is not watched is not counted', async () => {
  await using server = await startRedis();
  await host.rest.put('/v1/probes/l7', { targets: { include: [{ pid: [server.pid] }] } });
  const client = await RedisClient.connect(server.port);
  const scrape = await waitFor('the server is watched', async () => {
    await client.pipeline(['PING']);
    const seen = await host.scrape();
    return seen.sum(redisServer, byPort(server.port)) > 0 ? seen : undefined;
  });
  client.close();
  expect(scrape.sum(redisClient, byPort(server.port))).toBe(0);
});

test('it stops, with what was open in the ledger, and leaves nothing', async () => {
  await host.rest.put('/v1/probes/l7', { targets: { include: [{ pid: [process.pid] }] } });
  await using server = await listen();
  const [client, peer] = await server.pair();
  await waitFor('this process is watched', async () => {
    await said(client, peer, 'GET / HTTP/1.1\r\n\r\n');
    await said(peer, client, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    return (await host.scrape()).sum(httpServer, byPort(server.port)) > 0;
  });
  await said(client, peer, 'GET /open HTTP/1.1\r\n\r\nGET /open HTTP/1.1\r\n\r\n');
  await said(peer, client, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
  const [second, other] = await server.pair();
  await said(second, other, '*1\r\n$4\r\nPING\r\n'.repeat(20));
  await said(other, second, '+PONG\r\n'.repeat(5));
  const open = (scrape: Exposition): number => scrape.sum('sonde_loss_total', { probe: 'l7', cause: 'open_at_exit' });
  const before = open(await host.scrapeUntil('the commands', (seen) => seen.sum(redisServer, byPort(server.port)) === 5));
  await host.rest.post('/v1/probes/l7/stop');
  expect(await host.probe('l7')).toMatchObject({ state: 'stopped' });
  // two requests and fifteen commands on either side, and the request of this process that has the probe stop
  const scrape = await host.scrapeUntil('the loss', (seen) => open(seen) > before);
  expect(open(scrape) - before).toBe(35);
  await said(other, second, '+PONG\r\n'.repeat(15));
  await using later = await endpoint();
  await later.replay(fixtures('redis')[0]!, whole);
  expect((await host.scrape()).sum(redisServer, byPort(later.address as number))).toBe(0);
});
