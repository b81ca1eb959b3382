// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get, request, type IncomingMessage, type RequestOptions } from 'node:http';
import { get as getTls } from 'node:https';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeAll, afterAll, expect, test } from 'vitest';
import { createPrometheusSink, type PrometheusSinkOptions } from '../../../src/sinks/prometheus/index.ts';
import type { Sink } from '../../../src/sinks/types.ts';
import { parseText } from './parse-text.ts';
import { BY_EXECUTABLE, openShop, sell, sellTraced, TRACES, type Shop } from './shop.ts';

let folder: string;
let tls: { cert: string; key: string };
const started: Sink[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sonde-prometheus-'));
  tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const files = ['-keyout', tls.key, '-out', tls.cert];
  execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-subj', '/CN=localhost', ...files], { stdio: 'ignore' });
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => void (await Promise.all(started.splice(0).map((sink) => sink.stop()))));

async function start(change: Partial<PrometheusSinkOptions> = {}, shop: Shop = openShop()) {
  const sink = createPrometheusSink(shop.store, {
    name: 'prometheus',
    config: { type: 'prometheus', listen: { host: '127.0.0.1', port: 0 }, createdTimestamps: false },
    view: BY_EXECUTABLE,
    ...change,
  });
  await sink.start();
  started.push(sink);
  sell(shop);
  return { ...shop, sink, url: sink.state().where };
}

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) };
}

async function ask(url: string, options: RequestOptions = {}): Promise<Answer> {
  const sent = request(url, { agent: false, ...options }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return read(response);
}

function config(host: string, withTls: boolean): PrometheusSinkOptions['config'] {
  return { type: 'prometheus', listen: { host, port: 0 }, createdTimestamps: false, ...(withTls && { tls }) };
}

test('a scrape is answered in the format and encoding that the client likes best', async () => {
  const { url } = await start();
  const plain = await ask(url);
  expect([plain.status, plain.headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  expect(plain.headers['content-encoding']).toBeUndefined();
  const families = parseText(plain.body.toString(), false);
  expect(families.get('shop_sent_bytes_total')!.samples).toHaveLength(11);
  expect(families.get('sonde_loss_total')!.samples).toEqual([
    { name: 'sonde_loss_total', labels: { probe: 'shop', stage: 'ring', cause: 'full' }, value: 0 },
  ]);

  const openMetrics = await ask(url, { headers: { accept: 'application/openmetrics-text;version=1.0.0', 'accept-encoding': 'gzip' } });
  expect(openMetrics.headers).toMatchObject({
    'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    'content-encoding': 'gzip',
    vary: 'Accept, Accept-Encoding',
  });
  expect([...parseText(gunzipSync(openMetrics.body).toString(), true).keys()]).toContain('shop_sent_bytes');

  const zstd = await ask(url, { headers: { 'accept-encoding': 'gzip, zstd' } });
  expect(zstd.headers['content-encoding']).toBe('zstd');
  expect(zstdDecompressSync(zstd.body)).toEqual(plain.body);
});

test('HEAD has the head alone, other methods and paths are refused with a hint', async () => {
  const { url } = await start();
  const head = await ask(url, { method: 'HEAD' });
  expect([head.status, head.headers['content-type'], head.body.length]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8', 0]);
  const post = await ask(url, { method: 'POST' });
  expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD']);
  expect(post.body.toString()).toContain('SONDE_METHOD_NOT_ALLOWED');
  const elsewhere = await ask(new URL('/metric', url).href);
  expect(elsewhere.status).toBe(404);
  expect(elsewhere.body.toString()).toContain('Did you mean /metrics?');
  const page = await ask(new URL('/', url).href);
  expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.body.toString()).toContain('<a href="/metrics">');
});

test('a request for what is no path is refused like any other', async () => {
  const { url } = await start();
  const client = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
  client.write('GET // HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let answer = '';
  for await (const chunk of client) answer += String(chunk);
  expect(answer).toMatch(/^HTTP\/1.1 404 [^]*SONDE_ROUTE_UNKNOWN/);
});

test('the page and the state name what a scrape left out', async () => {
  const { url, store, sink } = await start();
  const table = store.define({
    probe: 'p<1>',
    name: 'x',
    attributes: [],
    metrics: [{ name: 'shop.sent.bytes', type: 'gauge', unit: '', help: 'Clashes with shop.sent in By' }],
  });
  table.set(table.row(0, []), 0, 1);
  await ask(url);
  expect(sink.state()).toMatchObject({ state: 'running', error: { code: 'SONDE_SERIES_CONFLICT' } });
  expect((await ask(new URL('/', url).href)).body.toString()).toContain('p&#60;1&#62;/x');
});

test('scrapes at about the same time share one snapshot', async () => {
  const { url, store } = await start();
  let snapshots = 0;
  store.addSource('shop', async () => void (await sleep(50), snapshots++));
  const bodies = await Promise.all(Array.from({ length: 5 }, async () => (await ask(url)).body.toString()));
  expect(new Set(bodies).size).toBe(1);
  expect(snapshots).toBe(1);
});

test('a scrape has what its snapshot added', async () => {
  const { url, store, people } = await start();
  const table = store.define({ probe: 'late', name: 'x', attributes: [], metrics: [{ name: 'late', type: 'counter', unit: '', help: 'Late' }] });
  store.addSource('late', async () => table.add(table.row(people.born('a'), []), 0, 3));
  expect((await ask(url)).body.toString()).toContain('late_total{process_executable_name="a"} 3\n');
});

test('a client that goes away or reads nothing costs no more than a connection', async () => {
  const { url, store, people } = await start();
  const table = store.define({ probe: 'many', name: 'x', attributes: ['i'], metrics: [{ name: 'many', type: 'counter', unit: '', help: 'Many' }] });
  for (let i = 0; i < 9000; i++) table.add(table.row(people.born('a'), [`${i}`.padEnd(500, 'x')]), 0, 1);
  const { port } = new URL(url);
  const deaf = connect({ host: '127.0.0.1', port: Number(port) });
  deaf.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
  deaf.pause();
  const leaving = get(url, { agent: false }, (response) => response.once('data', () => response.destroy()));
  await once(leaving, 'close');
  for (let i = 0; i < 3; i++) expect((await ask(url)).body.length).toBeGreaterThan(9000 * 500);
  deaf.destroy();
});

test('a slow snapshot is not waited for longer than a scrape may take', { timeout: 10_000 }, async () => {
  const { url, store } = await start();
  store.addSource('stuck', () => new Promise(() => {}));
  const began = performance.now();
  const { status } = await ask(url);
  expect([status, performance.now() - began < 6000]).toEqual([200, true]);
});

test('on loopback a request must be for a name of this host, so that no web page reads along', async () => {
  const { url } = await start();
  const hosted = async (host: string) => (await ask(url, { headers: { host } })).status;
  for (const host of ['localhost', 'LOCALHOST:9464', '127.0.0.1:1', '[::1]:9464']) expect([host, await hosted(host)]).toEqual([host, 200]);
  for (const host of ['metrics.example.com', 'localhost.example.com:9464', '10.0.0.1']) expect([host, await hosted(host)]).toEqual([host, 421]);
  const refused = await ask(url, { headers: { host: 'evil.example' } });
  expect(refused.body.toString()).toContain('SONDE_HOST_FOREIGN');
});

test('beyond loopback it needs TLS and a token, or does not start', async () => {
  const token = { value: 'a-token-that-is-long', file: '/run/sonde/token' };
  await expect(start({ config: config('0.0.0.0', false), token })).rejects.toMatchObject({ code: 'SONDE_LISTEN_NEEDS_TLS' });
  await expect(start({ config: config('0.0.0.0', true) })).rejects.toMatchObject({ code: 'SONDE_TOKEN_NEEDED' });
  const { url } = await start({ config: config('0.0.0.0', true), token });
  const askTls = async (authorization?: string): Promise<Answer> => {
    const headers = authorization ? { authorization } : {};
    const target = url.replace('0.0.0.0', '127.0.0.1');
    const [response] = (await once(getTls(target, { rejectUnauthorized: false, agent: false, headers }), 'response')) as [IncomingMessage];
    return read(response);
  };
  const without = await askTls();
  expect([without.status, without.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  expect((await askTls('Bearer wrong')).body.toString()).toContain('SONDE_TOKEN_WRONG');
  expect((await askTls(`Bearer ${token.value}`)).status).toBe(200);
});

test('a port in use is an error that names the setting; the sink can start later', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const { store } = openShop();
  const sink = createPrometheusSink(store, {
    name: 'second',
    config: { type: 'prometheus', listen: { host: '127.0.0.1', port }, createdTimestamps: false },
    view: BY_EXECUTABLE,
  });
  await expect(sink.start()).rejects.toMatchObject({ code: 'SONDE_PORT_IN_USE', hint: expect.stringContaining('sinks.second.listen') });
  expect(sink.state()).toMatchObject({ state: 'failed', error: { code: 'SONDE_PORT_IN_USE' } });
  other.close();
  await once(other, 'close');
  await sink.start();
  expect(sink.state().state).toBe('running');
  await sink.stop();
  await sink.stop();
  expect(sink.state().state).toBe('stopped');
});

test('a certificate that cannot be read is an error of the listener', async () => {
  const broken = { ...config('127.0.0.1', false), tls: { cert: join(folder, 'none.pem'), key: tls.key } };
  await expect(start({ config: broken })).rejects.toMatchObject({ code: 'SONDE_LISTEN_FAILED' });
});

test.each([
  { as: 'text', features: [], count: 'shop_duration_seconds_count{shop_item="plain"}', slowest: 100 },
  { as: 'protobuf with native histograms', features: ['native-histograms'], count: 'histogram_count(shop_duration_seconds{shop_item="plain"})', slowest: 0.24 },
])('a real Prometheus scrapes it as $as', async ({ features, count, slowest }) => {
  const { url, ...shop } = await start();
  sellTraced(shop);
  const scrapes = `scrape_configs: [{ job_name: sonde, scrape_interval: 1s, static_configs: [{ targets: ['${new URL(url).host}'] }] }]\n`;
  await writeFile(join(folder, 'prometheus.yml'), scrapes);
  const port = await freePort();
  const flags = ['--config.file=prometheus.yml', `--storage.tsdb.path=tsdb-${port}`, `--web.listen-address=127.0.0.1:${port}`, `--enable-feature=${['exemplar-storage', ...features].join(',')}`];
  const prometheus = spawn('prometheus', flags, { cwd: folder, stdio: 'ignore' });
  try {
    const query = async (expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> => {
      const answer = await ask(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`).catch(() => undefined);
      return answer?.status === 200 ? JSON.parse(answer.body.toString()).data.result : [];
    };
    const find = async (expression: string) => {
      for (let i = 0; i < 100; i++) {
        const found = await query(expression);
        if (found.length > 0) return found;
        await sleep(100);
      }
      throw new Error(`no answer to ${expression}`);
    };
    expect((await find('up{job="sonde"} == 1'))[0]!.value[1]).toBe('1');
    expect(await find('count(shop_sent_bytes_total)')).toMatchObject([{ value: [expect.anything(), '12'] }]);
    expect(await find('shop_sent_bytes_total{shop_item="with \\"quotes\\""}')).toMatchObject([{ value: [expect.anything(), '11'] }]);
    expect(await find(count)).toMatchObject([{ value: [expect.anything(), '3'] }]);
    const now = Date.now() / 1000;
    const range = `query={shop_item="traced"}&start=${now - 60}&end=${now + 60}`;
    const stored = await ask(encodeURI(`http://127.0.0.1:${port}/api/v1/query_exemplars?${range}`));
    const series = JSON.parse(stored.body.toString()).data as { exemplars: { labels: Record<string, string>; value: string }[] }[];
    const found = series.flatMap(({ exemplars }) => exemplars.map(({ labels, value }) => [Number(value), labels['trace_id']]));
    // Of a native histogram, Prometheus 2.42 takes the exemplar of the first bucket with one, and no other.
    const expected = [[0.24, TRACES[0].traceId], [12, TRACES[0].traceId], [100, TRACES[1].traceId]] as const;
    expect(found.sort(([a], [b]) => Number(a) - Number(b))).toEqual(expected.filter(([value]) => value === 12 || value <= slowest));
  } finally {
    const exited = once(prometheus, 'exit');
    prometheus.kill();
    await exited;
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
