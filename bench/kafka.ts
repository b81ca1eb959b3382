// SPDX-License-Identifier: Apache-2.0
/**
 * What a Kafka sink costs: series of an interval written and sent by each driver to a real broker on the same machine,
 * beside kcat (librdkafka) that sends the same records; and each driver at rest.
 *
 *   npm run bench -- kafka [records]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createSeriesStore } from '../framework/host/dist/series/index.js';
import { KafkaExporter } from '../framework/host/dist/sinks/kafka/index.js';
import { startKafka, type Kafka } from '../test/harness/kafka.ts';
import { temporaryFolder } from '../test/harness/temporary-folder.ts';
import { printTable } from './lib/table.ts';

const RECORDS = Number(process.argv[2] ?? 100_000);
const IDLE_SECONDS = 10;
const compressions = ['none', 'gzip', 'zstd'] as const;
const drivers = ['kafkajs', 'platformatic'] as const;

interface Task {
  driver: (typeof drivers)[number];
  compression: (typeof compressions)[number];
  broker: string;
  topics: { metrics: string; events: string; metadata: string };
}

interface Cost {
  seconds: number;
  cpu: number;
  stall: number;
  idle: number;
  memory: number;
}

if (process.argv[2] === 'send') await send(JSON.parse(process.argv[3] ?? '') as Task, Number(process.argv[4]));
else await compare();

async function compare(): Promise<void> {
  await using kafka = await startKafka();
  const rows = [
    ['sends', 'compressed by', 'records/s', 'µs of CPU a record', 'longest stall', 'peak memory', 'CPU at rest'],
  ];
  let run = 0;
  for (const compression of compressions) {
    for (const driver of drivers) {
      const topics = await newTopics(kafka, ++run);
      const cost = await inProcess({ driver, compression, broker: kafka.plain, topics });
      rows.push([
        driver,
        compression,
        perSecond(cost.seconds),
        perRecord(cost.cpu),
        `${cost.stall.toFixed(0)} ms`,
        `${Math.round(cost.memory / 2 ** 20)} MiB`,
        `${(cost.idle * 100).toFixed(2)} %`,
      ]);
      if (driver === 'platformatic') rows.push(await kcat(kafka, compression, topics.metrics, ++run));
    }
  }
  console.log(
    `${RECORDS} records of about 1 kB, one for each process, batches of at most 500, 5 in flight, acks of all`,
  );
  printTable(rows);
}

async function newTopics(kafka: Kafka, run: number): Promise<Task['topics']> {
  const topics = { metrics: `metrics.${run}`, events: `events.${run}`, metadata: `metadata.${run}` };
  await kafka.createTopics(...Object.values(topics));
  return topics;
}

/** A process of its own for each: what one leaves behind costs no other. */
async function inProcess(task: Task): Promise<Cost> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.url), 'send', JSON.stringify(task), String(RECORDS)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`${task.driver} failed`);
  return JSON.parse(out) as Cost;
}

/** Sends an interval with so many series, as a sink does, and prints what that cost. */
async function send({ driver, compression, broker, topics }: Task, records: number): Promise<void> {
  const exporter = new KafkaExporter(
    'bench',
    {
      type: 'kafka',
      driver,
      brokers: [broker],
      clientId: 'bench',
      topics,
      acks: 'all',
      compression,
      temporality: 'cumulative',
      interval: 10_000,
      timeout: 30_000,
      queue: { records: 1, bytes: 1 },
    },
    { labels: () => new Map() },
  );
  await exporter.open();
  const reader = seriesOf(records).view({ identity: 'all' }).reader();
  const abort = new AbortController().signal;
  await exportOnce(exporter, reader, abort); // once to connect and to warm up

  const delay = monitorEventLoopDelay({ resolution: 1 });
  const began = performance.now();
  const before = process.cpuUsage();
  delay.enable();
  await exportOnce(exporter, reader, abort);
  delay.disable();
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - began) / 1000;
  const memory = process.resourceUsage().maxRSS * 1024;

  await sleep(1000);
  const rest = process.cpuUsage();
  await sleep(IDLE_SECONDS * 1000);
  const idle = process.cpuUsage(rest);
  await exporter.close();
  const cost: Cost = {
    seconds,
    cpu: (user + system) / 1e6,
    stall: delay.max / 1e6,
    idle: (idle.user + idle.system) / 1e6 / IDLE_SECONDS,
    memory,
  };
  console.log(JSON.stringify(cost));
}

type Reader = ReturnType<ReturnType<ReturnType<typeof createSeriesStore>['view']>['reader']>;

async function exportOnce(exporter: KafkaExporter, reader: Reader, abort: AbortSignal): Promise<void> {
  let sliceBegan = performance.now();
  for (const chunk of exporter.metrics({ snapshot: reader.snapshot() })) {
    if (chunk) {
      const { outcome } = await exporter.send('metrics', [chunk], abort);
      if (outcome !== 'delivered') throw new Error(outcome);
    } else if (performance.now() - sliceBegan > 4) {
      await sleep(0);
      sliceBegan = performance.now();
    }
  }
}

/** One entity with ten counters a process. */
function seriesOf(records: number): ReturnType<typeof createSeriesStore> {
  const label = (id: number): Map<string, string | number> =>
    new Map<string, string | number>([
      ['process.pid', id],
      ['process.creation.time', '2026-11-21T10:00:00.000Z'],
      ['process.executable.name', 'postgres'],
      ['process.executable.path', '/usr/lib/postgresql/15/bin/postgres'],
      ['process.command_line', `postgres: worker ${id} idle in transaction`],
      ['process.parent_pid', 1],
      ['process.owner', 'postgres'],
      ['container.id', '0af7651916cd43dd8448eb211c80319cb7ad6b7169203331'],
      ['k8s.pod.name', 'postgres-0'],
      ['k8s.namespace.name', 'production'],
      ['host.name', 'node-17.example.com'],
    ]);
  const nobody = {
    labels: label,
    ended: () => false,
    retain: () => {},
    release: () => {},
    on: () => {},
    off: () => {},
  };
  const store = createSeriesStore(nobody as never, { budget: records + 1 });
  const metrics = Array.from({ length: 10 }, (_, i) => ({
    name: `bench.counter_${i}`,
    type: 'counter' as const,
    unit: '{call}',
    help: 'Calls',
  }));
  const table = store.define({ probe: 'bench', name: 'bench.process', attributes: ['bench.kind'], metrics });
  const view = store.view({ identity: 'all' }).reader();
  for (let id = 1; id <= records; id++) {
    const row = table.open(id, ['read']);
    for (let metric = 0; metric < metrics.length; metric++) table.add(row, metric, id * 1000 + metric);
  }
  view.snapshot();
  return store;
}

/** The same records out of a file. */
async function kcat(kafka: Kafka, compression: string, from: string, run: number): Promise<string[]> {
  using folder = temporaryFolder();
  const file = join(folder.path, 'records');
  const records = (await kafka.consume(from)).slice(0, RECORDS);
  writeFileSync(file, records.map(({ key, payload }) => `${key}\t${payload}\n`).join(''));
  const topic = `kcat.${run}`;
  await kafka.createTopics(topic);
  const options = [
    '-P',
    '-t',
    topic,
    '-b',
    kafka.plain,
    '-K',
    '\t',
    '-l',
    '-z',
    compression,
    '-X',
    'acks=all',
    '-X',
    'linger.ms=5',
  ];
  const began = performance.now();
  const child = spawn('kcat', [...options, file], { stdio: ['ignore', 'ignore', 'inherit'] });
  let cpu = 0;
  const watch = setInterval(() => (cpu = cpuOf(child.pid!) ?? cpu), 10);
  const [code] = (await once(child, 'exit')) as [number];
  clearInterval(watch);
  if (code !== 0) throw new Error('kcat failed');
  return ['kcat', compression, perSecond((performance.now() - began) / 1000), perRecord(cpu), '-', '-', '-'];
}

/** Seconds of CPU that a process has used so far. */
function cpuOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
}

function perSecond(seconds: number): string {
  return Math.round(RECORDS / seconds).toLocaleString('en');
}

function perRecord(seconds: number): string {
  return ((seconds / RECORDS) * 1e6).toFixed(1);
}
