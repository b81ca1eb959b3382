// SPDX-License-Identifier: Apache-2.0
// Records of 64 B through a ring with a live producer on the other core, added up by a C consumer over libbpf, by Node, and
// by a decoder in its worker whose sums reach the series store. Rounds alternate.
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { type RingBatch, openObject, openRing } from '@sonde/native';

import { DecoderWorker } from '../../framework/host/dist/decoders/index.js';
import { createSeriesStore, type EntityDefinition, type SeriesIdentity } from '../../framework/host/dist/series/index.js';
import { median, printTable } from '../lib/table.ts';
import { builtFile } from './built-file.ts';

const SECONDS = 1;
const ROUNDS = 5;
const FRAME_BYTES = 8 + 64;

interface Consumed {
  /** Added up, or counted as lost behind the ring. */
  records: number;
  cpuNs: number;
  lost?: number;
}

interface Result extends Consumed {
  produced: number;
  failed: number;
}

/** The records belong to the machine, so there is nobody to know. */
class Nobody extends EventEmitter {
  labels = (): Map<string, string> => new Map();
  ended = (): boolean => false;
  settle(): void {}
}

const slots: EntityDefinition = {
  probe: 'bench',
  name: 'bench.slot',
  attributes: ['bench.slot'],
  metrics: [{ name: 'bench.records', type: 'counter', unit: '{record}', help: 'Records' }],
};

const object = await openObject(builtFile('bench.bpf.o'));
await object.load();
const program = String(object.programStats()[0]?.id);
const results: Record<'c' | 'node' | 'decoder', Result[]> = { c: [], node: [], decoder: [] };
for (let round = 0; round < ROUNDS; round++) {
  results.c.push(await measure(consumeInC));
  results.node.push(await measure(consumeInNode));
  results.decoder.push(await measure(consumeInDecoder));
}
await object.close();

const rate = (list: readonly Result[]) => median(list.map(({ records, lost = 0 }) => (records - lost) / SECONDS / 1e6));
const cost = (list: readonly Result[]) => median(list.map((result) => result.cpuNs / result.records));
const row = (name: string, list: readonly Result[]) => [
  name,
  rate(list).toFixed(2),
  (rate(list) / rate(results.c)).toFixed(2),
  cost(list).toFixed(0),
  list.reduce((sum, { failed, lost = 0 }) => sum + failed + lost, 0).toLocaleString('en'),
  list.every((result) => result.records + result.failed === result.produced) ? 'exact' : 'NOT EXACT',
];
printTable([
  [`64 B records, live producer, ${availableParallelism()} cores`, 'M records/s', 'of C', 'CPU ns/record', 'lost', 'produced = read + lost'],
  row('C, ring_buffer__poll', results.c),
  row('Node, openRing', results.node),
  row('Node, a decoder in its worker', results.decoder),
]);

async function measure(consume: (produced: Promise<unknown>) => Promise<Consumed>): Promise<Result> {
  const before = counters();
  const producer = spawn(builtFile('ring-consumer'), ['produce', program, String(SECONDS)], { stdio: 'inherit' });
  const consumed = await consume(once(producer, 'exit'));
  const after = counters();
  return { ...consumed, produced: after.produced - before.produced, failed: after.failed - before.failed };
}

async function consumeInC(): Promise<Consumed> {
  const id = String(object.map('ring').info.id);
  const consumer = spawn(builtFile('ring-consumer'), ['consume', id, String(SECONDS + 0.2)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = (await consumer.stdout.toArray()).join('');
  const [records, , cpuNs] = output.split(' ').map(Number) as [number, number, number];
  return { records, cpuNs };
}

async function consumeInNode(produced: Promise<unknown>): Promise<Consumed> {
  const histogram = new Float64Array(16);
  const ring = openRing(object.map('ring'), (batch) => addUp(batch, histogram));
  const before = process.cpuUsage();
  await Promise.all([produced, sleep((SECONDS + 0.2) * 1000)]);
  ring.consume();
  const { user, system } = process.cpuUsage(before);
  const { records } = ring;
  ring.close();
  if (histogram.reduce((sum, count) => sum + count) !== records) throw new Error('the sum is wrong');
  return { records, cpuNs: (user + system) * 1000 };
}

/** Until every record that the ring gave is in the series or counted as lost; that time counts as CPU, not as rate. */
async function consumeInDecoder(produced: Promise<unknown>): Promise<Consumed> {
  const identity = new Nobody() as unknown as SeriesIdentity;
  const store = createSeriesStore(identity);
  const reader = store.view({ identity: [] }).reader();
  const worker = new DecoderWorker(
    {
      probe: 'bench',
      file: fileURLToPath(new URL('./adding-decoder.ts', import.meta.url)),
      btf: object.btf.types,
      maps: {},
      entities: [slots],
      events: [],
      spans: [],
      params: {},
    },
    { tables: [store.define(slots)], identity: identity as never, loss: store.loss, emit: () => {}, emitSpan: () => {}, clockOffset: () => 0 },
  );
  await worker.start();
  const ring = openRing(object.map('ring'), (batch) => worker.records('ring', batch));
  const before = process.cpuUsage();
  await Promise.all([produced, sleep((SECONDS + 0.2) * 1000)]);
  ring.consume();
  await worker.tick();
  const { user, system } = process.cpuUsage(before);
  const table = reader.snapshot().tables.find(({ definition }) => definition.name === slots.name)!;
  const added = (table.metrics[0] as Float64Array).reduce((sum, count) => sum + (Number.isNaN(count) ? 0 : count), 0);
  const { lost } = worker.stats;
  ring.close();
  await worker.stop();
  store.close();
  return { records: added + lost, lost, cpuNs: (user + system) * 1000 };
}

function addUp({ buffer, byteLength }: RingBatch, histogram: Float64Array): void {
  const words = new Uint32Array(buffer.buffer, buffer.byteOffset, byteLength / 4);
  for (let at = 2; at < words.length; at += FRAME_BYTES / 4) {
    const slot = (words[at] as number) & 15;
    histogram[slot] = (histogram[slot] as number) + (words[at + 2] as number);
  }
}

function counters(): { produced: number; failed: number } {
  const read = (name: string) => Number(new DataView(object.readGlobal(name, 0, 8).buffer).getBigUint64(0, true));
  return { produced: read('produced'), failed: read('failed') };
}
