// SPDX-License-Identifier: Apache-2.0
/**
 * What a decoder costs: batches as a ring gives them (64-byte records) through the real worker into real series.
 *
 *   npm run bench -- decoder [seconds for each row]
 */
import type { BtfType } from '@sonde/native';
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DecoderWorker } from '../framework/host/dist/decoders/index.js';
import {
  createSeriesStore,
  type EntityDefinition,
  type MetricDefinition,
} from '../framework/host/dist/series/index.js';
import { printTable } from './lib/table.ts';

const SECONDS = Number(process.argv[2] ?? 3);
const RECORD = 64;
const FRAME = 8;
const PROCESSES = 100;
const NAMES = 10;

const members = (fields: Record<string, [type: number, byte: number]>) =>
  Object.entries(fields).map(([name, [type, byte]]) => ({ name, type, bitOffset: byte * 8, bitSize: 0 }));
const btf: BtfType[] = [
  { id: 0, kind: 'void', name: '' },
  { id: 1, kind: 'int', name: 'unsigned int', size: 4, bits: 32, signed: false, char: false, bool: false },
  { id: 2, kind: 'int', name: 'unsigned long long', size: 8, bits: 64, signed: false, char: false, bool: false },
  { id: 3, kind: 'int', name: 'char', size: 1, bits: 8, signed: true, char: false, bool: false },
  { id: 4, kind: 'array', name: '', type: 3, index: 1, length: 16 },
  {
    id: 5,
    kind: 'struct',
    name: 'sonde_process',
    size: 16,
    members: members({ tgid: [1, 0], exec_id: [1, 4], start: [2, 8] }),
  },
  {
    id: 6,
    kind: 'struct',
    name: 'record',
    size: RECORD,
    members: members({ process: [5, 16], latency: [2, 32], name: [4, 40] }),
  },
];

const counter: MetricDefinition = { name: 'bench.records', type: 'counter', unit: '{record}', help: 'Records' };
const duration: MetricDefinition = { name: 'bench.duration', type: 'histogram', unit: 's', help: 'Durations' };
const entities: EntityDefinition[] = [
  { probe: 'bench', name: 'bench.all', attributes: [], metrics: [counter] },
  { probe: 'bench', name: 'bench.process', attributes: [], metrics: [counter] },
  { probe: 'bench', name: 'bench.name', attributes: ['bench.name'], metrics: [counter, duration] },
];

/** Every process lives for ever. */
class Identity extends EventEmitter {
  process = (tgid: number): number => tgid;
  ended = (): boolean => false;
  labels = (id: number): Map<string, number> => new Map([['process.pid', id]]);
  settle(): void {}
  retain(): void {}
  release(): void {}
}

function batchOf(bytes: number) {
  const count = Math.floor(bytes / (RECORD + FRAME));
  const buffer = new Uint8Array(count * (RECORD + FRAME));
  const view = new DataView(buffer.buffer);
  for (let i = 0; i < count; i++) {
    const at = i * (RECORD + FRAME);
    view.setUint32(at, RECORD, true);
    view.setUint32(at + 20, 1, true);
    view.setUint32(at + 24, 1 + ((i * 7919) % PROCESSES), true);
    view.setUint32(at + 28, 1, true);
    view.setUint32(at + 32, 12345, true);
    view.setUint32(at + 40, 1000 + ((i * 104729) % 10_000_000), true);
    buffer.set(Buffer.from(`worker/${i % NAMES}`), at + 48);
  }
  return { buffer, byteLength: buffer.byteLength, count };
}

async function measure(work: string, bytes: number): Promise<string[]> {
  const identity = new Identity() as never;
  const store = createSeriesStore(identity, { budget: 1e6 });
  store.view({ identity: 'all' }).reader();
  const worker = new DecoderWorker(
    {
      probe: 'bench',
      file: fileURLToPath(new URL('./decoder/counting-decoder.ts', import.meta.url)),
      btf,
      maps: {},
      entities,
      events: [],
      spans: [],
      params: { work },
    },
    {
      tables: entities.map((entity) => store.define(entity)),
      identity,
      loss: store.loss,
      emit: () => {},
      emitSpan: () => {},
      clockOffset: () => 0,
    },
  );
  await worker.start();
  const batch = batchOf(bytes);
  for (let i = 0; i < 8; i++) worker.records('ring', batch);
  await worker.tick();

  const before = { ...worker.stats, main: process.threadCpuUsage(), time: performance.now() };
  while (performance.now() - before.time < SECONDS * 1000) {
    while (worker.stats.queuedBytes < 4 * 2 ** 20) worker.records('ring', batch);
    await sleep(1);
  }
  await worker.tick();
  const elapsed = performance.now() - before.time;
  const main = process.threadCpuUsage(before.main);
  const records = worker.stats.records - before.records;
  const lost = worker.stats.lost;
  await worker.stop();
  store.close();
  if (lost > 0) throw new Error(`${lost} records were lost`);
  return [
    work,
    `${Math.round(bytes / 1024)} KiB`,
    (records / elapsed / 1000).toFixed(2),
    (((main.user + main.system) * 1000) / records).toFixed(1),
    (((worker.stats.cpuMilliseconds - before.cpuMilliseconds) * 1e6) / records).toFixed(1),
  ];
}

const rows = [['decoder', 'batch', 'million records/s', 'main thread, ns/record', 'worker, ns/record']];
for (const work of ['walk, add once', 'count by process', 'count by process and name', 'the same, and a histogram']) {
  for (const bytes of [64 * 1024, 1024 * 1024]) rows.push(await measure(work, bytes));
}
printTable(rows);
