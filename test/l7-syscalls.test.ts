// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cgroup } from './harness/cgroup.ts';
import { run } from './harness/child.ts';
import type { Labels } from './harness/exposition.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { variantOf } from './harness/variant.ts';
import { compile } from './harness/workload.ts';
import { RedisClient, startNginx, startRedis } from './l7/servers.ts';

/** What a kernel runs that shows no socket: the ends of syscalls. */
const variant = variantOf('l7', 'dist/l7-hash.bpf.o', (program) => ['on_call', 'on_stop_hash'].includes(program));
const redisServer = 'db_server_operation_duration_seconds_count';
const redisClient = 'db_client_operation_duration_seconds_count';
const httpServer = 'http_server_request_duration_seconds_count';

let host: Host;
let older: RedisClient;
let redis: Awaited<ReturnType<typeof startRedis>>;
beforeAll(async () => {
  redis = await startRedis();
  older = await RedisClient.connect(redis.port);
  await older.pipeline(['PING']);
  host = await startHost({ probes: { l7: { package: variant.path } } });
});
afterAll(async () => {
  older?.close();
  await host?.[Symbol.asyncDispose]();
  await redis?.[Symbol.asyncDispose]();
  variant[Symbol.dispose]();
});

test('the end of each syscall does for all tasks', async () => {
  const { state, warnings, programs } = await host.probe('l7');
  expect([state, warnings]).toEqual(['running', []]);
  const hooks = programs.filter(({ task }) => /^(sent|received)-/.test(task)).map(({ attach }) => attach);
  expect(new Set(hooks)).toEqual(new Set(['tp_btf/sys_exit']));
});

test('commands, pipelined by sixteen on a connection older than the probe, count to the unit', async () => {
  for (let batch = 0; batch < 125; batch++) {
    await older.pipeline(Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? `INCR n${i}` : `SET k${i} ${batch}`)));
  }
  const labels = { server_port: String(redis.port) };
  const scrape = await host.scrapeUntil('2,000 commands', (seen) => seen.sum(redisServer, labels) >= 2_000);
  for (const family of [redisServer, redisClient]) {
    expect(scrape.sum(family, { ...labels, db_operation_name: 'INCR' })).toBe(1_000);
    expect(scrape.sum(family, { ...labels, db_operation_name: 'SET' })).toBe(1_000);
  }
});

test('redis-benchmark: what it sent is what is counted, on both sides', async () => {
  await using server = await startRedis();
  await run('redis-benchmark', ['-p', String(server.port), '-t', 'get', '-n', '20000', '-c', '20', '-q']);
  const labels = { server_port: String(server.port), db_operation_name: 'GET' };
  const scrape = await host.scrapeUntil('20,000 requests', (seen) => seen.sum(redisServer, labels) >= 20_000);
  expect([scrape.sum(redisServer, labels), scrape.sum(redisClient, labels)]).toEqual([20_000, 20_000]);
});

test('files that nginx sends by sendfile count with their length', async () => {
  await using server = await startNginx();
  const url = `http://127.0.0.1:${server.port}/1k`;
  await run('curl', ['-s', ...Array.from({ length: 20 }, () => ['-o', '/dev/null', url]).flat()]);
  const labels = { server_port: String(server.port) };
  const scrape = await host.scrapeUntil('20 requests', (seen) => seen.sum(httpServer, labels) >= 20);
  expect(scrape.sum(httpServer, labels)).toBe(20);
  expect(scrape.sum('http_server_response_body_size_bytes_sum', labels)).toBe(20 * 1024);
});

const ways = ['read/write', 'readv/writev', 'preadv2/pwritev2', 'recv/send', 'recvfrom/sendto', 'recvmsg/sendmsg', 'recvmmsg/sendmmsg', 'peek'];

test.each(['tcp', 'unix'])('%s: each way to read and write a socket counts to the unit, on both sides', async (transport) => {
  const COUNT = 300;
  await using cgroup = new Cgroup('l7-syscalls');
  const labels: Labels[] = [];
  for (const way of ways) {
    const workload = await compile('workloads/l7-calls.c', { name: `l7-${transport}-${way.replaceAll(/\W/g, '')}` });
    await cgroup.run(workload.path, [transport, way, String(COUNT)]);
    labels.push({ ...workload.label, db_operation_name: 'SET' });
  }
  const scrape = await host.scrapeUntil('the commands', (seen) => seen.sum(redisClient, labels.at(-1)) >= COUNT);
  const counted = labels.map((each, i) => [ways[i], scrape.sum(redisServer, each), scrape.sum(redisClient, each)]);
  expect(counted).toEqual(ways.map((way) => [way, COUNT, COUNT]));
});
