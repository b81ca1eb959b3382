// SPDX-License-Identifier: Apache-2.0
// Records of 64 B through a ring with a live producer on the other core: a C consumer over libbpf, and Node, which reads
// two fields of each record and adds them up. Rounds alternate.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { type RingBatch, openObject, openRing } from '@sonde/native';

import { builtFile, median, printTable } from './files.ts';

const SECONDS = 1;
const ROUNDS = 5;
const FRAME_BYTES = 8 + 64;

interface Result {
  records: number;
  produced: number;
  failed: number;
  cpuNs: number;
}

const object = await openObject(builtFile('bench.bpf.o'));
await object.load();
const program = String(object.programStats()[0]?.id);
const results: Record<'c' | 'node', Result[]> = { c: [], node: [] };
for (let round = 0; round < ROUNDS; round++) {
  results.c.push(await measure(consumeInC));
  results.node.push(await measure(consumeInNode));
}
await object.close();

const rate = (list: readonly Result[]) => median(list.map((result) => result.records / SECONDS / 1e6));
const cost = (list: readonly Result[]) => median(list.map((result) => result.cpuNs / result.records));
const row = (name: string, list: readonly Result[]) => [
  name,
  rate(list).toFixed(2),
  (rate(list) / rate(results.c)).toFixed(2),
  cost(list).toFixed(0),
  list.reduce((sum, result) => sum + result.failed, 0).toLocaleString('en'),
  list.every((result) => result.records + result.failed === result.produced) ? 'exact' : 'NOT EXACT',
];
printTable([
  [`64 B records, live producer, ${availableParallelism()} cores`, 'M records/s', 'of C', 'CPU ns/record', 'lost', 'produced = read + lost'],
  row('C, ring_buffer__poll', results.c),
  row('Node, openRing', results.node),
]);

async function measure(consume: (produced: Promise<unknown>) => Promise<{ records: number; cpuNs: number }>): Promise<Result> {
  const before = counters();
  const producer = spawn(builtFile('ring-consumer'), ['produce', program, String(SECONDS)], { stdio: 'inherit' });
  const consumed = await consume(once(producer, 'exit'));
  const after = counters();
  return { ...consumed, produced: after.produced - before.produced, failed: after.failed - before.failed };
}

async function consumeInC(): Promise<{ records: number; cpuNs: number }> {
  const id = String(object.map('ring').info.id);
  const consumer = spawn(builtFile('ring-consumer'), ['consume', id, String(SECONDS + 0.2)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = (await consumer.stdout.toArray()).join('');
  const [records, , cpuNs] = output.split(' ').map(Number) as [number, number, number];
  return { records, cpuNs };
}

async function consumeInNode(produced: Promise<unknown>): Promise<{ records: number; cpuNs: number }> {
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
