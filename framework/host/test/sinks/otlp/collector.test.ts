// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCollector, type Collector, type Point } from '../../../../../test/harness/collector.ts';
import { waitFor } from '../../../../../test/harness/wait.ts';
import type { EntityDefinition } from '../../../src/series/types.ts';
import { World } from './world.ts';

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
}, 600_000);
afterAll(() => collector[Symbol.asyncDispose]());

let probes = 0;
/** An entity of a probe that no other test has. */
function link(): EntityDefinition {
  return {
    probe: `test${++probes}`,
    name: 'tcp.link',
    attributes: ['network.peer.address', 'server.port'],
    metrics: [
      { name: 'tcp.sent', type: 'counter', unit: 'By', help: 'Bytes' },
      { name: 'tcp.window', type: 'gauge', unit: 'By', help: 'Window' },
      { name: 'tcp.open', type: 'updowncounter', unit: '{connection}', help: 'Open' },
      { name: 'tcp.rtt', type: 'histogram', unit: 's', help: 'RTT' },
    ],
  };
}

async function pointsOf(probe: string, count: number): Promise<Point[]> {
  return waitFor(`${count} points of ${probe}`, () => {
    const points = collector.points().filter(({ scope }) => scope === `sonde/${probe}`);
    return points.length >= count ? points : undefined;
  });
}

describe.each(['http', 'grpc'] as const)('over %s', (protocol) => {
  test('every kind of metric arrives with its resource, attributes and exact value', async () => {
    await using world = new World();
    const sink = await world.sink(collector[protocol], { protocol });
    const entity = link();
    const table = world.store.define(entity);
    const [nginx, redis] = [world.people.born('nginx'), world.people.born('redis')];
    const row = table.row(nginx, ['10.0.0.1', '443']);
    table.add(row, 0, 2 ** 40 + 1);
    table.set(row, 1, -0.5);
    table.add(row, 2, -3);
    table.addHistogram(row, 3, { zero: 2, over: 1, sum: 5e9, slots: [4, 0, 7], from: 10 });
    table.add(table.row(redis, ['', '6379']), 0, 7);
    await sink.stop();

    const points = await pointsOf(entity.probe, 5);
    expect(points).toHaveLength(5);
    const of = (name: string, executable: string): Point =>
      points.find((point) => point.name === name && point.resource['process.executable.name'] === executable)!;
    expect(of('tcp.sent', 'nginx')).toMatchObject({
      resource: { 'process.executable.name': 'nginx', 'process.pid': 1 },
      unit: 'By',
      type: 'sum',
      temporality: 2,
      isMonotonic: true,
      attributes: { 'network.peer.address': '10.0.0.1', 'server.port': '443' },
      value: 2 ** 40 + 1,
    });
    expect(of('tcp.window', 'nginx')).toMatchObject({ type: 'gauge', value: -0.5 });
    expect(of('tcp.open', 'nginx')).toMatchObject({ type: 'sum', temporality: 2, value: -3 });
    expect(of('tcp.open', 'nginx').isMonotonic).toBeFalsy();
    expect(of('tcp.sent', 'redis').attributes).toEqual({ 'server.port': '6379' });
    const { histogram } = of('tcp.rtt', 'nginx');
    const slots = Array.from({ length: 104 - 10 }, (_, i) => ({ 0: 4, 2: 7 })[i] ?? 0);
    expect(histogram).toEqual({ count: 14, sum: 5, scale: 2, zeroCount: 2, offset: -70, buckets: [...slots, 1] });
  });

  test('an exemplar arrives with its point, in delta temporality once', async () => {
    await using world = new World();
    const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
    const entity = link();
    const sink = await world.sink(collector[protocol], { protocol, temporality: 'delta', interval: 200 });
    const table = world.store.define(entity);
    const row = table.row(world.people.born('nginx'), ['10.0.0.1', '443']);
    const observe = (time?: number): void => {
      table.add(row, 0, 3);
      table.addHistogram(row, 3, { zero: 0, over: 0, sum: 2e8, slots: [1], from: 70 });
      if (time === undefined) return;
      table.addExemplar(row, 0, { ...ids, value: 3, time });
      table.addExemplar(row, 3, { ...ids, value: 2e8, time });
    };
    const time = Date.now() + 1;
    observe(time);
    await pointsOf(entity.probe, 2);
    await sleep(5);
    observe();
    await pointsOf(entity.probe, 4);
    await sink.stop();

    const of = (name: string) =>
      collector
        .points()
        .filter((point) => point.scope === `sonde/${entity.probe}` && point.name === name)
        .flatMap(({ exemplars }) => exemplars);
    expect(of('tcp.sent')).toEqual([{ ...ids, value: 3, time: `${time}000000` }]);
    expect(of('tcp.rtt')).toEqual([{ ...ids, value: 0.2, time: `${time}000000` }]);
  });

  test('an event is a log record with an event name, a span is a span', async () => {
    await using world = new World();
    const sink = await world.sink(collector[protocol], { protocol });
    const identity = world.people.born('nginx', 4321);
    const name = `tcp.reset.${protocol}`;
    world.emit({
      name,
      identity,
      body: 'reset by {peer}',
      attributes: { peer: 'ä', ratio: 0.5, ok: true, n: -2 },
      weight: 8,
    });
    const ids = {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      parentSpanId: '00f067aa0ba902b7',
    };
    const times = { start: 1_763_700_000_000_000_000, end: 1_763_700_000_250_000_128 };
    world.spans.emit({
      probe: 'l7',
      name,
      ...ids,
      ...times,
      kind: 'server',
      error: 'boom',
      identity,
      labels: new Map([['service.name', 'by a rule']]),
      attributes: { a: 1 },
      weight: 1,
    });
    await sink.stop();

    const log = await waitFor('the event', () => collector.logs().find((record) => record.eventName === name));
    expect(log).toMatchObject({
      resource: { 'process.executable.name': 'nginx', 'process.pid': 4321 },
      scope: 'sonde/tcp',
      severityNumber: 13,
      severityText: 'WARN',
      body: 'reset by ä',
      attributes: { peer: 'ä', ratio: 0.5, ok: true, n: -2, 'sonde.event.weight': 8 },
    });
    const span = await waitFor('the span', () => collector.spans().find((record) => record.name === name));
    expect(span).toMatchObject({
      ...ids,
      resource: { 'service.name': 'by a rule' },
      scope: 'sonde/l7',
      kind: 2,
      start: '1763700000000000000',
      end: '1763700000250000128',
      attributes: { a: 1 },
      status: { code: 2, message: 'boom' },
    });
  });
});

test('a lone event arrives within a second', async () => {
  await using world = new World();
  await world.sink(collector.http);
  await sleep(300);
  const began = performance.now();
  world.emit({ name: 'lone.event' });
  await waitFor('the event', () => collector.logs().some(({ eventName }) => eventName === 'lone.event'));
  expect(performance.now() - began).toBeLessThan(1000);
});

test('1,000 processes are 1,000 resources, and no request has more than 2,000 points', async () => {
  await using world = new World();
  const sink = await world.sink(collector.http);
  const entity = link();
  const table = world.store.define(entity);
  for (let i = 0; i < 1000; i++) {
    const row = table.row(world.people.born(`worker-${i}`), ['10.0.0.1', '']);
    table.add(row, 0, i);
    table.add(row, 2, i);
    table.set(row, 1, i);
  }
  await sink.stop();

  const points = await pointsOf(entity.probe, 3000);
  const byResource = Map.groupBy(points, ({ resource }) => JSON.stringify(resource));
  expect(byResource.size).toBe(1000);
  for (const [resource, own] of byResource) {
    const number = Number(/worker-(\d+)/.exec(resource)![1]);
    expect(own.map(({ name, value }) => `${name} ${value}`).toSorted()).toEqual([
      `tcp.open ${number}`,
      `tcp.sent ${number}`,
      `tcp.window ${number}`,
    ]);
  }
  expect(Math.max(...collector.requests().map((request) => request.length))).toBeLessThanOrEqual(2000);
});

test('a process that comes and goes between two exports arrives once with its final values', async () => {
  await using world = new World();
  await world.sink(collector.http, { interval: 1500 });
  const entity = link();
  const table = world.store.define(entity);
  const brief = world.people.born('brief');
  table.add(table.row(brief, ['10.0.0.9', '']), 0, 42);
  await sleep(50);
  world.people.dies(brief);
  const stays = world.people.born('stays');
  table.add(table.row(stays, ['10.0.0.9', '']), 0, 1);

  const points = await waitFor('three exports', () => {
    const own = collector.points().filter(({ scope }) => scope === `sonde/${entity.probe}`);
    return own.filter(({ resource }) => resource['process.executable.name'] === 'stays').length >= 3 ? own : undefined;
  });
  const ofBrief = points.filter(({ resource }) => resource['process.executable.name'] === 'brief');
  expect(ofBrief.map(({ value }) => value)).toEqual([42]);
});

test('delta: the differences add up to the total, also when the budget demotes a series', async () => {
  await using world = new World({ budget: 3, idle: 100 });
  const entity = link();
  const sink = await world.sink(collector.http, { temporality: 'delta', interval: 1100 });
  const table = world.store.define(entity);
  const rows = Array.from({ length: 5 }, (_, i) => table.row(world.people.born(`d${i}`), ['', '']));
  const total = { sent: 0, rtt: 0 };
  for (let round = 0; round < 6; round++) {
    // always others are busy, so that the idle ones are demoted
    for (const row of round % 2 === 0 ? rows.slice(0, 3) : rows.slice(2)) {
      table.add(row, 0, 10 + round);
      table.addHistogram(row, 3, { zero: 1, over: 0, sum: 1000, slots: [round], from: 20 });
      total.sent += 10 + round;
      total.rtt += 1 + round;
    }
    await sleep(600);
  }
  await sink.stop();

  await sleep(300);
  const points = collector.points().filter(({ scope }) => scope === `sonde/${entity.probe}`);
  const deltas = points.filter(({ temporality }) => temporality === 1);
  const sent = deltas.filter(({ name }) => name === 'tcp.sent');
  expect(sent.reduce((sum, { value }) => sum + value!, 0)).toBe(total.sent);
  expect(deltas.reduce((sum, { histogram }) => sum + (histogram?.count ?? 0), 0)).toBe(total.rtt);
  expect(sent.some(({ attributes }) => attributes['otel.metric.overflow'] === 'true')).toBe(true);
  for (const { start, time } of sent) expect(BigInt(start)).toBeLessThanOrEqual(BigInt(time));
});

test('both ends show certificates', async () => {
  for (const protocol of ['http', 'grpc'] as const) {
    await using world = new World();
    const sink = await world.sink(collector[`${protocol}Tls`], { protocol, tls: collector.certificates });
    world.emit({ name: `secret.${protocol}` });
    await sink.stop();
    await waitFor('the event', () => collector.logs().some(({ eventName }) => eventName === `secret.${protocol}`));
    expect(world.lost()).toEqual({});
  }
});
