// SPDX-License-Identifier: Apache-2.0
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCollector, type Collector } from '../../../../../test/harness/collector.ts';
import { waitFor } from '../../../../../test/harness/wait.ts';
import { ProtoWriter } from '../../../src/sinks/protobuf/proto-writer.ts';
import { World } from './world.ts';

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
}, 600_000);
afterAll(() => collector[Symbol.asyncDispose]());

/** Another end that answers as a test says. */
async function serve(answer: RequestListener): Promise<{ endpoint: string } & AsyncDisposable> {
  const server: Server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function emit(world: World, count: number, name?: string): void {
  for (let i = 0; i < count; i++) world.emit(name === undefined ? {} : { name });
}

function delivered(sink: { state(): { flow?: { delivered: number } } }): number {
  return sink.state().flow?.delivered ?? 0;
}

test('a name and a password in the address are sent, and shown to nobody', async () => {
  let given: string | undefined;
  await using end = await serve((request, response) => {
    given = request.headers.authorization;
    response.writeHead(401).end();
  });
  await using world = new World();
  const sink = await world.sink(end.endpoint.replace('//', '//joe:secret@'));
  emit(world, 1);
  await waitFor('it was refused', () => sink.state().error !== undefined);
  expect(given).toBe(`Basic ${Buffer.from('joe:secret').toString('base64')}`);
  expect(sink.state()).toMatchObject({ where: end.endpoint, error: { code: 'SONDE_SINK_DENIED' } });
  expect(sink.state().error!.format()).not.toContain('secret');
});

test('what fits into the queue survives an outage, the oldest of the rest is counted: to the unit', async () => {
  await using world = new World();
  const sink = await world.sink(collector.http, { queue: { records: 20_000, bytes: 64 * 1024 * 1024 }, timeout: 500 });
  const other = await world.sink(collector.grpc, { name: 'other', protocol: 'grpc', timeout: 500 });
  const feed = async (seconds: number): Promise<void> => {
    for (let tenth = 0; tenth < seconds * 10; tenth++) {
      emit(world, 500, 'outage');
      await sleep(100);
    }
  };
  await feed(1);
  await collector.stop();
  await feed(8);
  expect(sink.state()).toMatchObject({ state: 'failing', error: { code: 'SONDE_SINK_UNREACHABLE' } });
  expect(sink.state().flow!.queued).toBeLessThanOrEqual(20_000 + 1000);
  await collector.start();
  await feed(1);
  await waitFor('nothing is owed', () => sink.state().flow!.queued + other.state().flow!.queued === 0, {
    timeout: 40_000,
  });

  expect(sink.state().state).toBe('running');
  expect(world.lost()).toEqual({ queue_full: expect.any(Number) });
  expect(delivered(sink) + world.lost()['queue_full']!).toBe(world.emitted);
  // the larger queue of the other one held it all
  expect(delivered(other)).toBe(world.emitted);
  await sleep(300);
  const numbers = collector
    .logs()
    .filter(({ eventName }) => eventName === 'outage')
    .map(({ attributes }) => attributes['sonde.number']);
  const arrived = Map.groupBy(numbers, (number) => number);
  expect(arrived.size).toBe(world.emitted);
  const twice = [...arrived.values()].filter(({ length }) => length >= 2).length;
  expect(twice).toBeGreaterThanOrEqual(delivered(sink));
  // told once when it broke and once when it was mended, for each sink
  expect(world.messages.filter((message) => message.includes("'otlp'")).length).toBeLessThanOrEqual(5);
}, 90_000);

test('an end that accepts and never answers does not delay another sink, and loses nothing', async () => {
  let isMute = true;
  await using mute = await serve((_, response) => {
    if (!isMute) response.end();
  });
  await using world = new World();
  const sink = await world.sink(mute.endpoint, { timeout: 300 });
  const other = await world.sink(collector.http, { name: 'other' });
  emit(world, 1000);
  await waitFor('the other sink has them', () => delivered(other) === 1000, { timeout: 1000 });
  await waitFor('the time-out', () => sink.state().state === 'failing');
  expect(sink.state().error).toMatchObject({ code: 'SONDE_SINK_TIMEOUT' });
  isMute = false;
  await waitFor('all are delivered', () => delivered(sink) === 1000, { timeout: 10_000 });
  expect(sink.state().state).toBe('running');
  expect(world.lost()).toEqual({});
});

test('Retry-After is honoured', async () => {
  const times: number[] = [];
  await using busy = await serve((_, response) => {
    times.push(performance.now());
    if (times.length === 1) response.writeHead(503, { 'retry-after': '2' });
    response.end();
  });
  await using world = new World();
  const sink = await world.sink(busy.endpoint);
  emit(world, 3);
  await waitFor('they are delivered', () => delivered(sink) === 3);
  expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(1950);
  expect(world.messages[0]).toContain('SONDE_SINK_BUSY');
  expect(world.messages[1]).toContain('delivers events again');
});

describe.each([
  [400, 'SONDE_SINK_REFUSED'],
  [404, 'SONDE_SINK_REFUSED'],
  [401, 'SONDE_SINK_DENIED'],
  [500, 'SONDE_SINK_REFUSED'],
])('HTTP %i', (status, code) => {
  test('is final: counted as refused, and told once', async () => {
    await using server = await serve((_, response) => response.writeHead(status).end('no such thing'));
    await using world = new World();
    const sink = await world.sink(server.endpoint);
    for (let i = 0; i < 5; i++) {
      emit(world, 10);
      await sleep(150);
    }
    await waitFor('all are counted', () => world.lost()['refused'] === 50);
    expect(sink.state()).toMatchObject({ state: 'failing', error: { code }, flow: { delivered: 0, lost: 50 } });
    expect(sink.state().error!.message).toContain('no such thing');
    expect(world.messages).toHaveLength(1);
  });
});

test('what partial success did not take is counted, the rest is delivered', async () => {
  await using server = await serve((_, response) => {
    const answer = new ProtoWriter();
    const partial = answer.open(1);
    answer.uint(1, 7);
    answer.string(2, 'too old');
    answer.close(partial);
    response.end(answer.take());
  });
  await using world = new World();
  const sink = await world.sink(server.endpoint);
  emit(world, 60);
  for (let i = 0; i < 40; i++) world.emit({ probe: 'io' });
  await waitFor('they are delivered', () => delivered(sink) === 93);
  expect(world.lost()).toEqual({ refused: 7 });
  expect(sink.state().error).toMatchObject({
    code: 'SONDE_SINK_PARTLY_REFUSED',
    message: expect.stringContaining('too old'),
  });
});

test('a host that does not exist and a certificate that is not trusted have messages of their own', async () => {
  await using world = new World();
  const lost = await world.sink('http://no-such-host.invalid:4318', { name: 'lost' });
  const certificate = collector.certificates;
  const untrusting = await world.sink(collector.httpTls, { name: 'untrusting' });
  const unknown = await world.sink(collector.httpTls, { name: 'unknown', tls: { ca: certificate.ca } });
  const grpc = await world.sink(collector.grpcTls, { name: 'grpc', protocol: 'grpc' });
  emit(world, 1);
  await waitFor('all fail', () => [lost, untrusting, unknown, grpc].every((sink) => sink.state().state === 'failing'));
  expect(lost.state().error!.code).toBe('SONDE_SINK_UNREACHABLE');
  expect(untrusting.state().error!.code).toBe('SONDE_SINK_CERTIFICATE');
  expect(['SONDE_SINK_CERTIFICATE', 'SONDE_SINK_UNREACHABLE']).toContain(unknown.state().error!.code);
  expect(grpc.state().error!.code).toBe('SONDE_SINK_CERTIFICATE');
});

test('a certificate file that is none is said at once', async () => {
  await using world = new World();
  const tls = { ca: '/etc/hostname' };
  await expect(world.sink('https://127.0.0.1:1', { tls })).rejects.toMatchObject({ code: 'SONDE_SINK_TLS_FILE' });
  await expect(world.sink('https://127.0.0.1:1', { tls: { ca: '/nowhere' } })).rejects.toMatchObject({
    code: 'SONDE_SINK_TLS_FILE',
  });
});

test('stopping takes a moment even if nobody answers, and counts what is left', async () => {
  await using mute = await serve(() => {});
  await using world = new World();
  const sink = await world.sink(mute.endpoint, { timeout: 60_000 });
  emit(world, 5000);
  await sleep(200);
  const began = performance.now();
  await sink.stop();
  expect(performance.now() - began).toBeLessThan(4000);
  expect(world.lost()).toEqual({ stopped: 5000 });
});

test('totals that could not be delivered are superseded, not lost', async () => {
  let isDown = true;
  let requests = 0;
  await using server = await serve((_, response) => {
    requests++;
    response.writeHead(isDown ? 503 : 200).end();
  });
  await using world = new World();
  const sink = await world.sink(server.endpoint, { interval: 300 });
  const table = world.store.define({
    probe: 'tcp',
    name: 'link',
    attributes: [],
    metrics: [{ name: 'tcp.sent', type: 'counter', unit: 'By', help: '' }],
  });
  table.add(table.row(0, []), 0, 1);
  await waitFor('some attempts', () => requests >= 3);
  expect(sink.state().flow).toMatchObject({ queued: 0, lost: 0, delivered: 0 });
  isDown = false;
  await waitFor('a delivery', () => delivered(sink) > 0);
  expect(world.lost()).toEqual({});
});
