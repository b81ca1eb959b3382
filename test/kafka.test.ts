// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Child } from './harness/child.ts';
import { Host, hostFolder } from './harness/host.ts';
import { startKafka, users, type Kafka } from './harness/kafka.ts';
import { fixturePackage } from './harness/paths.ts';
import { temporaryFolder } from './harness/temporary-folder.ts';
import { waitFor } from './harness/wait.ts';
import { compile, type Workload } from './harness/workload.ts';

/** From this value on, a call is an event (`REPORT_FROM` of the fixture). */
const EVENT = 2 ** 48;
/** Seconds without a broker; the full form is 60. */
const OUTAGE = Number(process.env['SONDE_TEST_OUTAGE'] ?? 5);

let kafka: Kafka;
let workload: Workload;
beforeAll(async () => {
  [kafka, workload] = await Promise.all([startKafka(), compile('workloads/values.c', { name: 'values-kafka' })]);
}, 180_000);
afterAll(() => kafka?.[Symbol.asyncDispose]());

interface MetricRecord {
  timestamp: string;
  entity: string;
  probe: string;
  keys: Record<string, string>;
  labels: Record<string, string | number>;
  start: string;
  ended?: true;
  metrics: Record<
    string,
    number | { count: number; sum: number; zeroCount: number; scale: number; offset: number; buckets: number[] }
  >;
}

interface EventRecord {
  timestamp: string;
  event: string;
  probe: string;
  severity: string;
  body: string;
  attributes: Record<string, number>;
  labels: Record<string, string | number>;
  weight: number;
}

/** The fixture calls its values nanoseconds; as an attribute they are seconds. */
function valueOf({ attributes }: EventRecord): number {
  return Math.round(attributes['values.value']! * 1e9);
}

let made = 0;
/** Topics of its own for each test. */
async function topics(): Promise<{ metrics: string; events: string; metadata: string }> {
  const run = ++made;
  const named = { metrics: `metrics.${run}`, events: `events.${run}`, metadata: `metadata.${run}` };
  await kafka.createTopics(...Object.values(named));
  return named;
}

/** The probe watches what this file starts, from the first instruction: others may run the same workload. */
function probes(collectors: object): Record<string, unknown> {
  const targets = { include: [{ pid: [process.pid], children: true }] };
  return { values: { package: fixturePackage('values'), collectors: { records: true, ...collectors }, targets } };
}

async function records<Kind>(topic: string): Promise<(Kind & { key: string; ts: number })[]> {
  return (await kafka.consume(topic)).map(({ key, ts, payload }) => ({ ...(JSON.parse(payload) as Kind), key, ts }));
}

/** Starts a host with these sinks beside Prometheus and a log, where the harness looks for them. */
async function startWith(collectors: object, more: object): Promise<Host> {
  const folder = await hostFolder();
  folder.write({
    probes: probes(collectors),
    sinks: { prometheus: { listen: `127.0.0.1:${folder.metricsPort}` }, log: { path: folder.log }, ...more },
  });
  const host = new Host(folder);
  try {
    await host.ready();
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
  return host;
}

interface SinkStatus {
  name: string;
  state: string;
  error?: { code: string; message: string; hint?: string };
  flow?: { queued: number; delivered: number; lost: number };
}

async function sink(host: Host, name: string): Promise<SinkStatus> {
  const { body } = await host.rest.get('/v1/sinks');
  return (body as { sinks: SinkStatus[] }).sinks.find((each) => each.name === name)!;
}

/** Calls with the values of events, each another one. Resolves with the process id. */
async function emit(count: number, pauseMicroseconds = 0): Promise<number> {
  const child = new Child(workload.path, [String(count), `n${EVENT}`], {
    env: { PAUSE_US: String(pauseMicroseconds) },
  });
  const { pid } = child;
  expect(await child.exited).toBe(0);
  return pid;
}

test('another client reads each event, each process and the schema, with all labels', async () => {
  const named = await topics();
  await using _ = await startWith({}, { kafka: { brokers: [kafka.plain], topics: named, interval: '500ms' } });
  const child = new Child(workload.path, ['100', '2000', '10', `n${EVENT}`]);
  const { pid } = child;
  await child.exited;
  const own = (record: { labels: Record<string, unknown> }): boolean => record.labels['process.pid'] === pid;

  const final = await waitFor(
    'the final values',
    async () =>
      (await records<MetricRecord>(named.metrics)).find(
        (record) => own(record) && record.entity === 'values.process' && record.ended,
      ),
    { timeout: 40_000 },
  );
  expect(final).toMatchObject({
    probe: 'values',
    keys: {},
    labels: {
      'process.executable.name': workload.name,
      'process.executable.path': expect.stringContaining(workload.path), // in a changed root the kernel's path is longer
      'process.command_line': expect.stringContaining(`100 2000 10 n${EVENT}`),
      'process.parent_pid': process.pid,
      'process.owner': 'root',
      'host.name': expect.any(String),
    },
    metrics: {
      'values.calls': 110,
      'values.sum': 100 * 2000 + 10 * EVENT + 45,
      'values.duration': { count: 110, scale: 2 },
    },
  });
  expect(final.ts).toBe(Date.parse(final.timestamp));
  expect(Date.parse(final.start)).toBeLessThan(final.ts);
  const { buckets, zeroCount, sum } = final.metrics['values.duration'] as {
    buckets: number[];
    zeroCount: number;
    sum: number;
  };
  expect(zeroCount + buckets.reduce((total, count) => total + count, 0)).toBe(110);
  expect(sum / ((100 * 2000 + 10 * EVENT + 45) * 1e-9)).toBeCloseTo(1, 9);

  const events = (await records<EventRecord>(named.events)).filter(own);
  expect(events.map(valueOf)).toEqual(Array.from({ length: 10 }, (_, i) => EVENT + i));
  expect(events[3]).toMatchObject({
    event: 'values.reported',
    probe: 'values',
    severity: 'info',
    body: expect.stringMatching(/^value 281474\.97/),
    weight: 1,
    labels: { 'process.executable.name': workload.name },
  });
  expect(new Set(events.map(({ key }) => key)).size).toBe(1);

  const schema = (await records<{ entity: string; metrics: object }>(named.metadata)).find(
    ({ entity }) => entity === 'values.process',
  );
  expect(schema).toMatchObject({
    probe: 'values',
    keys: [],
    metrics: {
      'values.calls': {
        type: 'counter',
        unit: '{call}',
        description: 'Calls of the workload.',
        temporality: 'cumulative',
      },
      'values.last': { type: 'gauge', unit: '{value}' },
      'values.duration': { type: 'histogram', unit: 's', scale: 2, temporality: 'cumulative' },
    },
  });
}, 120_000);

test('the schema of an entity comes once, not with every interval', async () => {
  const named = await topics();
  await using host = await startWith({}, { kafka: { brokers: [kafka.plain], topics: named, interval: '200ms' } });
  await emit(1);
  await waitFor('ten intervals', async () => new Set((await records(named.metrics)).map(({ ts }) => ts)).size >= 10, {
    timeout: 40_000,
  });
  const entities = (await records<{ entity: string }>(named.metadata)).map(({ entity }) => entity);
  expect(entities).toContain('values.process');
  expect(entities.length).toBe(new Set(entities).size);
  expect((await sink(host, 'kafka')).state).toBe('running');
}, 120_000);

test.each(['cumulative', 'delta'])(
  'a process of 50 ms between two intervals arrives once with its final values (%s)',
  async (temporality) => {
    const named = await topics();
    await using host = await startWith(
      {},
      { kafka: { brokers: [kafka.plain], topics: named, interval: '2s', temporality } },
    );
    const count = 40;
    const pid = await emit(count, 1000);
    const own = async () =>
      (await records<MetricRecord>(named.metrics)).filter(
        ({ labels, entity }) => labels['process.pid'] === pid && entity === 'values.process',
      );
    const [first] = await waitFor('the process', async () => ((await own()).length > 0 ? own() : undefined), {
      timeout: 40_000,
      every: 200,
    });
    const intervals = async () => new Set((await records(named.metrics)).map(({ ts }) => ts)).size;
    const before = await intervals();
    await waitFor('two more intervals', async () => (await intervals()) >= before + 2, { timeout: 40_000, every: 200 });
    expect(await own()).toEqual([first]);
    expect(first).toMatchObject({ ended: true, metrics: { 'values.calls': count, 'values.duration': { count } } });
    await host.stop();
  },
  120_000,
);

test('differences add up to the totals', async () => {
  const named = await topics();
  await using host = await startWith(
    { records: false },
    { kafka: { brokers: [kafka.plain], topics: named, interval: '200ms', temporality: 'delta' } },
  );
  const child = new Child(workload.path, ['2000', '3000'], { env: { PAUSE_US: '500' } });
  const { pid } = child;
  await child.exited;
  const own = await waitFor(
    'the last difference',
    async () => {
      const found = (await records<MetricRecord>(named.metrics)).filter(
        ({ labels, entity }) => labels['process.pid'] === pid && entity === 'values.process',
      );
      return found.some(({ ended }) => ended) ? found : undefined;
    },
    { timeout: 40_000 },
  );
  expect(own.length).toBeGreaterThan(3);
  expect(own.reduce((sum, { metrics }) => sum + (metrics['values.calls'] as number), 0)).toBe(2000);
  expect(own.reduce((sum, { metrics }) => sum + (metrics['values.duration'] as { count: number }).count, 0)).toBe(2000);
  await host.stop();
}, 120_000);

test(
  `of the events of an outage of ${OUTAGE} s, each within the budget arrives, and the rest is counted`,
  async () => {
    const [owed, bounded] = [await topics(), await topics()];
    const budget = 5000;
    await using host = await startWith(
      { calls: false },
      {
        owed: {
          type: 'kafka',
          brokers: [kafka.plain],
          topics: owed,
          timeout: '3s',
          queue: { records: 1_000_000, bytes: 2 ** 31 },
        },
        bounded: { type: 'kafka', brokers: [kafka.plain], topics: bounded, timeout: '3s', queue: { records: budget } },
      },
    );
    await emit(10);
    await waitFor(
      'the first events',
      async () =>
        (await kafka.consume(owed.events)).length === 10 && (await kafka.consume(bounded.events)).length === 10,
    );
    await kafka.stop();
    const produced = OUTAGE * 5000;
    const began = performance.now();
    const pid = await emit(produced, 100);
    const rate = produced / ((performance.now() - began) / 1000);
    await waitFor('the failure shows', async () => (await sink(host, 'owed')).state === 'failing');
    expect((await sink(host, 'owed')).error?.code).toBe('SONDE_KAFKA_UNREACHABLE');
    await kafka.start();

    const values = async (topic: string): Promise<number[]> =>
      (await records<EventRecord>(topic)).filter(({ labels }) => labels['process.pid'] === pid).map(valueOf);
    await waitFor(
      'nothing is owed',
      async () =>
        (await Promise.all(['owed', 'bounded'].map((name) => sink(host, name)))).every(
          ({ flow, state }) => flow!.queued === 0 && state === 'running',
        ),
      { timeout: 60_000, every: 200 },
    );
    const drained = performance.now();
    const settled = await host.scrapeUntil('the last second', () => performance.now() > drained + 1500);
    const loss = (labels: Record<string, string>): number =>
      settled.sum('sonde_loss_total', { probe: 'values', ...labels });
    const emitted = produced - loss({ cause: 'ring_full' });
    const arrived = await values(owed.events);
    console.log(
      `${Math.round(rate)} events/s: ${emitted} emitted, ${arrived.length} arrived, ` +
        `${arrived.length - new Set(arrived).size} of them twice`,
    );
    expect(new Set(arrived).size).toBe(emitted);

    const lost = loss({ stage: 'sink', sink: 'bounded' });
    const kept = new Set(await values(bounded.events)).size;
    console.log(`of a budget of ${budget}: ${kept} arrived, ${lost} counted as lost`);
    expect(lost).toBeGreaterThan(0);
    expect(kept + lost).toBe(emitted);
  },
  120_000 + OUTAGE * 10_000,
);

test('with three sinks at once under a burst, for each of them produced = acknowledged + counted', async () => {
  const named = await topics();
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const nowhere = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await using host = await startWith(
    { calls: false },
    {
      kafka: { brokers: [kafka.plain], topics: named },
      mute: {
        type: 'kafka',
        driver: 'platformatic',
        brokers: [nowhere],
        topics: named,
        timeout: '1s',
        queue: { records: 2000 },
      },
    },
  );
  const produced = 200_000;
  await emit(produced);
  const scrape = await host.scrapeUntil(
    'all accounted for',
    (seen) =>
      seen.sum('sonde_events_total', { probe: 'values' }) +
        seen.sum('sonde_loss_total', { probe: 'values', cause: 'ring_full' }) >=
      produced,
    20_000,
  );
  const emitted = scrape.sum('sonde_events_total', { probe: 'values' });
  expect(emitted + scrape.sum('sonde_loss_total', { probe: 'values', cause: 'ring_full' })).toBe(produced);

  await waitFor('nothing waits', async () => (await sink(host, 'kafka')).flow!.queued === 0, {
    timeout: 30_000,
    every: 100,
  });
  const ended = performance.now();
  // a scrape may be a second old
  const settled = await host.scrapeUntil('the last second', () => performance.now() > ended + 1500);
  const lostBy = (name: string): number =>
    settled.sum('sonde_loss_total', { probe: 'values', stage: 'sink', sink: name });
  const waiting = (await sink(host, 'mute')).flow!.queued;
  const arrived = new Set((await records<EventRecord>(named.events)).map(valueOf)).size;
  const logged = host.events().length;
  console.log(
    `${emitted} emitted; kafka ${arrived} + ${lostBy('kafka')}, log ${logged} + ${lostBy('log')}, ` +
      `mute 0 + ${lostBy('mute')} + ${waiting} waiting`,
  );
  expect(arrived + lostBy('kafka')).toBe(emitted);
  expect(logged + lostBy('log')).toBe(emitted);
  expect(lostBy('mute') + waiting).toBe(emitted);
  silent.close();
}, 180_000);

test('what is wrong is told once, in words, and the other sinks keep their pace', async () => {
  const named = await topics();
  const good = { type: 'kafka', brokers: [kafka.plain], topics: named, interval: '300ms', timeout: '2s' };
  const secure = { ...good, brokers: [kafka.sasl], tls: { ca: kafka.certificates.ca } };
  using folder = temporaryFolder();
  const password = join(folder.path, 'password');
  writeFileSync(password, 'guess\n');
  await using host = await startWith(
    {},
    {
      good,
      'wrong-host': { ...good, brokers: ['nowhere.invalid:9092'] },
      'wrong-password': { ...secure, sasl: { mechanism: 'scram-sha-256', username: 'alice', passwordFile: password } },
      'wrong-certificate': { ...secure, tls: {}, sasl: { mechanism: 'plain', ...users.plain } },
      'wrong-topic': { ...good, topics: { ...named, metrics: 'nobody-made-this' } },
    },
  );
  const codes = {
    'wrong-host': 'SONDE_KAFKA_UNREACHABLE',
    'wrong-password': 'SONDE_KAFKA_CREDENTIALS',
    'wrong-certificate': 'SONDE_KAFKA_TLS',
    'wrong-topic': 'SONDE_KAFKA_TOPIC',
  };
  for (const [name, code] of Object.entries(codes)) {
    const { error } = await waitFor(
      name,
      async () => {
        const status = await sink(host, name);
        return status?.state === 'failing' ? status : undefined;
      },
      { timeout: 20_000 },
    );
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(`sink '${name}'`),
      hint: expect.stringMatching(/./),
    });
    expect(host.output.split(code).length - 1).toBeLessThanOrEqual(3);
  }
  const intervals = async (): Promise<number> => new Set((await records(named.metrics)).map(({ ts }) => ts)).size;
  const before = await intervals();
  await waitFor('five more intervals', async () => (await intervals()) >= before + 5, { timeout: 5000, every: 100 });
  expect(await sink(host, 'good')).toMatchObject({ state: 'running', flow: { lost: 0 } });
  await emit(5);
  await waitFor('the events', () => host.events().length === 5);
}, 120_000);

test('a lone event is in Kafka within a second', async () => {
  const named = await topics();
  await using host = await startWith({}, { kafka: { brokers: [kafka.plain], topics: named } });
  await emit(1);
  await waitFor('the first', async () => (await sink(host, 'kafka')).flow!.delivered > 0);
  const delivered = (await sink(host, 'kafka')).flow!.delivered;
  const began = performance.now();
  await emit(1);
  await waitFor('the second', async () => (await sink(host, 'kafka')).flow!.delivered > delivered);
  expect(performance.now() - began).toBeLessThan(1000);
}, 120_000);
