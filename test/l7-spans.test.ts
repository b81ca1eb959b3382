// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, createServer, request, type Server as HttpServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCollector, type Collector } from './harness/collector.ts';
import { Host, hostFolder } from './harness/host.ts';
import { builtInPackage } from './harness/paths.ts';
import { waitFor } from './harness/wait.ts';
import { RedisClient, startNginx, startRedis, type Server } from './l7/servers.ts';

/** A line of the log sink. */
interface SpanLine {
  timestamp: string;
  trace_id: string;
  span_id: string;
  parent_span_id?: string;
  span_name: string;
  kind: string;
  duration: number;
  status: { code: string; message?: string };
  attributes: Record<string, string | number>;
  resource: Record<string, string | number>;
}

let collector: Collector;
let host: Host;
let nginx: Server;
let redis: Server;
let node: HttpServer;
let nodePort: number;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

beforeAll(async () => {
  collector = await startCollector();
  nginx = await startNginx();
  redis = await startRedis();
  node = createServer(({ url = '' }, response) => {
    setTimeout(() => response.end('ok'), url.startsWith('/slow') ? 300 : 0);
  }).listen(0, '127.0.0.1');
  await once(node, 'listening');
  nodePort = (node.address() as AddressInfo).port;
  const place = await hostFolder();
  place.write({
    probes: {
      l7: {
        package: builtInPackage('l7'),
        collectors: { spans: true },
        params: { slowThreshold: '200ms', spansPerSecond: 10_000 },
        targets: { include: [process.pid, nginx.pid, redis.pid].map((pid) => ({ pid: [pid] })) },
      },
    },
    sinks: {
      prometheus: { listen: `127.0.0.1:${place.metricsPort}` },
      log: { path: place.log, metrics: true },
      otlp: { endpoint: collector.http, interval: '1s' },
    },
  });
  host = new Host(place);
  await host.ready();
}, 600_000);

afterAll(async () => {
  agent.destroy();
  node?.closeAllConnections();
  node?.close();
  await host?.[Symbol.asyncDispose]();
  await nginx?.[Symbol.asyncDispose]();
  await redis?.[Symbol.asyncDispose]();
  await collector?.[Symbol.asyncDispose]();
});

async function get(port: number, path: string, headers: Record<string, string> = {}): Promise<void> {
  const asked = request({ host: '127.0.0.1', port, path, agent, headers });
  asked.end();
  const [response] = await once(asked, 'response');
  response.resume();
  await once(response, 'end');
}

function context(): { traceId: string; spanId: string } {
  return { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') };
}

const traceparent = ({ traceId, spanId }: ReturnType<typeof context>, flags = '01'): string => `00-${traceId}-${spanId}-${flags}`;

function spans(of: (span: SpanLine) => boolean = () => true): SpanLine[] {
  return host.events().filter((line): line is SpanLine & Record<string, unknown> => 'span_id' in line && of(line as unknown as SpanLine));
}

const at = (port: number, path?: string) => (span: SpanLine): boolean =>
  span.attributes['server.port'] === port && (path === undefined || span.attributes['url.path'] === path);

/** Waits until there are so many, and a little longer for one too many. */
async function settled(count: number, of: (span: SpanLine) => boolean): Promise<SpanLine[]> {
  await waitFor(`${count} spans`, () => spans(of).length >= count, { timeout: 15_000 });
  await sleep(500);
  const found = spans(of);
  expect(found).toHaveLength(count);
  return found;
}

async function setParams(params: Record<string, unknown>): Promise<void> {
  expect((await host.rest.put('/v1/probes/l7', { params })).status).toBe(200);
}

test('each request that a traceparent calls sampled has one span on either side, in its trace, below its span', async () => {
  const contexts = Array.from({ length: 200 }, context);
  await Promise.all(contexts.map((each, i) => get(nginx.port, `/users/${i}`, { traceparent: traceparent(each) })));
  const found = await settled(400, at(nginx.port));
  contexts.forEach(({ traceId, spanId }, i) => {
    const ours = found.filter(({ trace_id }) => trace_id === traceId).sort((a, b) => (a.kind < b.kind ? -1 : 1));
    expect(ours.map(({ kind, parent_span_id, span_name, attributes }) => [kind, parent_span_id, span_name, attributes['url.path']])).toEqual(
      ['client', 'server'].map((kind) => [kind, spanId, 'GET /users/{id}', `/users/${i}`]),
    );
    const [client, server] = ours as [SpanLine, SpanLine];
    expect(client.duration).toBeGreaterThan(server.duration - 1e-6);
    expect(server.duration).toBeGreaterThan(0);
    expect(client.status).toEqual({ code: 'unset' });
    expect(server.resource['process.executable.name']).toBe('nginx');
    expect(client.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'url.template': '/users/{id}',
      'server.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.transport': 'tcp',
      'network.protocol.version': '1.1',
    });
    expect(server.attributes['http.route']).toBe('/users/{id}');
  });
  expect(new Set(found.map(({ span_id }) => span_id)).size).toBe(400);
});

test('the Collector has the same spans as the log', async () => {
  const logged = spans(at(nginx.port));
  await waitFor('the Collector has them', () => collector.spans().filter(({ attributes }) => attributes['server.port'] === nginx.port).length >= logged.length);
  const byId = new Map(collector.spans().map((span) => [span.spanId, span]));
  for (const line of logged) {
    const span = byId.get(line.span_id);
    expect(span).toMatchObject({ traceId: line.trace_id, parentSpanId: line.parent_span_id, name: line.span_name, scope: 'sonde/l7' });
    expect(span!.kind).toBe(line.kind === 'server' ? 2 : 3);
    expect((Number(BigInt(span!.end) - BigInt(span!.start)) / 1e9 - line.duration) * 1e9).toBeCloseTo(0, -3);
    expect(span!.attributes).toEqual(line.attributes);
  }
});

test('what is not sampled has none, unless it failed or was slow', async () => {
  await get(nginx.port, '/users/1', { traceparent: traceparent(context(), '00') });
  await get(nginx.port, '/users/2');
  await get(nginx.port, '/users/3', { traceparent: traceparent(context()).toUpperCase() });
  const failed = context();
  await get(nginx.port, '/status/503', { traceparent: traceparent(failed, '00') });
  await get(nginx.port, '/missing');
  await get(nodePort, '/slow/1');
  const errors = await settled(3, (span) => at(nginx.port)(span) && span.status.code === 'error');
  const told = errors.map(({ kind, attributes, status }) => [kind, attributes['url.path'], status.message, attributes['error.type']].join(' '));
  expect(new Set(told)).toEqual(new Set(['client /missing 404 404', 'client /status/503 503 503', 'server /status/503 503 503']));
  expect(errors.filter(({ trace_id }) => trace_id === failed.traceId).map(({ parent_span_id }) => parent_span_id)).toEqual([failed.spanId, failed.spanId]);
  const slow = await settled(2, at(nodePort));
  for (const { duration, status, parent_span_id, attributes } of slow) {
    expect(duration).toBeGreaterThan(0.29);
    expect(status.code).toBe('unset');
    expect(parent_span_id).toBeUndefined();
    expect(attributes['sonde.span.weight']).toBeUndefined();
  }
  expect(slow[0]!.trace_id).not.toBe(slow[1]!.trace_id);
});

test('however heads are cut, and four at once, each request has its own trace', async () => {
  for (const size of [1, 7, 61, 300]) {
    const contexts = Array.from({ length: size === 1 ? 4 : 40 }, context);
    const heads = contexts.map(
      (each, i) => `GET /cut/${i} HTTP/1.1\r\nHost: cut-${size}\r\nX-Filler: ${'x'.repeat(20 * (i % 9))}\r\nTraceparent: ${traceparent(each)}\r\n\r\n`,
    );
    const socket = connect({ port: nodePort, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    let answers = 0;
    socket.on('data', (data: Buffer) => void (answers += data.toString().split('HTTP/1.1 200').length - 1));
    for (let first = 0; first < heads.length; first += 4) {
      const text = heads.slice(first, first + 4).join('');
      for (let at = 0; at < text.length; at += size) {
        socket.write(text.slice(at, at + size));
        await new Promise(setImmediate);
      }
      await waitFor('the answers', () => answers === first + 4);
    }
    socket.destroy();
    const found = await settled(2 * contexts.length, ({ attributes }) => attributes['server.address'] === `cut-${size}`);
    for (const { trace_id, parent_span_id, attributes } of found) {
      const { traceId, spanId } = contexts[Number(String(attributes['url.path']).slice('/cut/'.length))]!;
      expect([trace_id, parent_span_id]).toEqual([traceId, spanId]);
    }
  }
});

test('heads beyond the room beside a connection have no span, and are counted', async () => {
  const contexts = Array.from({ length: 30 }, context);
  const before = await lost('uncaptured');
  const heads = contexts.map((each) => `GET /full HTTP/1.1\r\nHost: full\r\nX-Filler: ${'x'.repeat(400)}\r\nTraceparent: ${traceparent(each)}\r\n\r\n`);
  const socket = connect({ port: nodePort, host: '127.0.0.1' });
  await once(socket, 'connect');
  let answers = 0;
  socket.on('data', (data: Buffer) => void (answers += data.toString().split('HTTP/1.1 200').length - 1));
  socket.write(heads.join(''));
  await waitFor('the answers', () => answers === 30);
  socket.destroy();
  await sleep(1000);
  const found = spans(({ attributes }) => attributes['server.address'] === 'full');
  expect(found.length).toBeGreaterThanOrEqual(4);
  expect(found.length).toBeLessThan(60);
  expect(found.length + (await lost('uncaptured')) - before).toBe(60);
  for (const { trace_id } of found) expect(contexts.some(({ traceId }) => traceId === trace_id)).toBe(true);
});

test('a lot of one in ten: each drawn span stands for ten, and together they stand for all', async () => {
  await setParams({ sampleRatio: 0.1 });
  for (let i = 0; i < 50; i++) await Promise.all(Array.from({ length: 40 }, () => get(nginx.port, '/memory')));
  await setParams({ sampleRatio: 0 });
  await sleep(1000);
  for (const kind of ['client', 'server']) {
    const drawn = spans((span) => at(nginx.port, '/memory')(span) && span.kind === kind);
    expect(new Set(drawn.map(({ attributes }) => attributes['sonde.span.weight']))).toEqual(new Set([10]));
    // 2000 with a chance of 0.1: 200 ± 13.4; six times that
    expect(Math.abs(drawn.length - 200)).toBeLessThan(81);
  }
});

test('what is beyond spansPerSecond is counted as lost: spans and loss are all there were', async () => {
  const before = { lost: await lost('rate_limited'), spans: spans(at(nginx.port, '/1k')).length };
  await setParams({ spansPerSecond: 10, sampleRatio: 1 });
  for (let i = 0; i < 100; i++) await get(nginx.port, '/1k');
  await setParams({ sampleRatio: 0, spansPerSecond: 10_000 });
  const told = (): number => spans(at(nginx.port, '/1k')).length - before.spans;
  // with what this process asked the host itself in the meantime
  await waitFor('all is told or counted', async () => (await lost('rate_limited')) - before.lost + told() >= 200, { timeout: 15_000, every: 200 });
  expect(told()).toBeGreaterThan(0);
  expect(told()).toBeLessThan(200);
});

async function lost(cause: string): Promise<number> {
  return (await host.scrape()).sum('sonde_loss_total', { probe: 'l7', stage: 'kernel', cause });
}

test('Redis: commands by name with a ? for each argument, runs of equal ones by weight, errors without sampling', async () => {
  await setParams({ sampleRatio: 1 });
  const client = await RedisClient.connect(redis.port);
  await client.pipeline(['SET user:1 secret-value', 'GET user:1', 'INCR n']);
  await client.pipeline(Array.from({ length: 20 }, (_, i) => `SET k${i} v`));
  await setParams({ sampleRatio: 0 });
  await client.pipeline(['LPUSH user:1 x', 'PING']);
  client.close();
  await sleep(1500);
  for (const kind of ['client', 'server']) {
    const found = spans((span) => at(redis.port)(span) && span.kind === kind);
    const weight = (name: string): number =>
      found.filter(({ span_name }) => span_name === name).reduce((sum, { attributes }) => sum + Number(attributes['sonde.span.weight'] ?? 1), 0);
    expect({ set: weight('SET'), get: weight('GET'), incr: weight('INCR'), lpush: weight('LPUSH'), ping: weight('PING') }).toEqual({
      set: 21, get: 1, incr: 1, lpush: 1, ping: 0,
    });
    expect(new Set(found.map(({ attributes }) => attributes['db.query.text']))).toEqual(new Set(['SET ? ?', 'GET ?', 'INCR ?', 'LPUSH ? ?']));
    const failed = found.find(({ span_name }) => span_name === 'LPUSH')!;
    expect(failed).toMatchObject({ status: { code: 'error', message: 'WRONGTYPE' }, attributes: { 'error.type': 'WRONGTYPE', 'db.system.name': 'redis' } });
  }
});

/** Everything that has left the host. */
async function allThatLeft(): Promise<string> {
  const scrape = (await host.fetchMetrics()).bytes.toString();
  return [readFileSync(host.folder.log, 'utf8'), scrape, JSON.stringify([collector.spans(), collector.logs(), collector.points()]), host.output].join('\n');
}

test('a secret in header, query, body or value leaves by no sink, with capturePayload neither', async () => {
  const secret = (): string => `s3cr3t${randomBytes(8).toString('hex')}`;
  const secrets: Record<string, string>[] = [];
  for (const capturePayload of [false, true]) {
    await setParams({ capturePayload, sampleRatio: 1, reportFailed: true, reportSlow: true });
    const [header, cookie, token, body, value, password] = Array.from({ length: 6 }, secret) as [string, string, string, string, string, string];
    secrets.push({ header, cookie, token, body, value, password });
    const path = `/payload/${capturePayload}`;
    const asked = request({
      host: '127.0.0.1', port: nginx.port, agent, method: 'POST', path: `${path}?page=${capturePayload}&access_token=${token}`,
      headers: { authorization: `Bearer ${header}`, cookie: `session=${cookie}`, 'user-agent': `agent-${capturePayload}` },
    });
    asked.end(`password=${body}`);
    const [response] = await once(asked, 'response');
    response.resume();
    const client = await RedisClient.connect(redis.port);
    await client.pipeline([`SET key-${capturePayload} ${value}`, `CONFIG SET requirepass ${password}`]);
    client.close();
    const kinds = await settled(2, at(nginx.port, path));
    for (const { attributes } of kinds) {
      expect(attributes['url.query']).toBe(capturePayload ? 'page=true&access_token=***' : undefined);
      expect(attributes['user_agent.original']).toBe(capturePayload ? 'agent-true' : undefined);
    }
    await waitFor('the commands', () => spans((span) => at(redis.port)(span) && span.span_name === 'CONFIG').length > 0);
  }
  await setParams({ sampleRatio: 0 });
  await sleep(2500);
  const left = await allThatLeft();
  expect(left).toContain('SET key-true ?');
  expect(left).not.toContain('key-false');
  expect(left).not.toContain('page=false');
  for (const each of secrets) for (const [kind, text] of Object.entries(each)) expect(left.includes(text), kind).toBe(false);
});

test('while it is off no decoder runs; switched on again, it goes on', async () => {
  const threads = await host.threads();
  expect((await host.rest.put('/v1/probes/l7', { collectors: { spans: false } })).status).toBe(200);
  await waitFor('its thread is gone', async () => (await host.threads()) < threads);
  await get(nginx.port, '/users/8', { traceparent: traceparent(context()) });
  expect((await host.rest.put('/v1/probes/l7', { collectors: { spans: true } })).status).toBe(200);
  const again = context();
  await get(nginx.port, '/users/9', { traceparent: traceparent(again) });
  await settled(2, ({ trace_id }) => trace_id === again.traceId);
  expect((await host.probe('l7')).loss.filter(({ stage, count }) => stage === 'decoder' && count > 0)).toEqual([]);
});
