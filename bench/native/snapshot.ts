// SPDX-License-Identifier: Apache-2.0
// A snapshot of 100,000 map entries into changes, beside the bare batch read of the same map in C.
// Rounds of C and Node alternate, so that a noisy machine treats both alike.
import { execFileSync } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { type BpfMap, type MapReader, openObject, possibleCpus } from '@sonde/native';

import { median, printTable } from '../lib/table.ts';
import { builtFile } from './built-file.ts';

const ENTRIES = 100_000;
const ROUNDS = 9;
const VALUE_WORDS = 8;

const object = await openObject(builtFile('bench.bpf.o'));
await object.load();
const rows = [['100,000 entries (16 B keys, 64 B values)', 'C ms', 'Node ms', 'ratio', 'worst loop delay ms']];
for (const name of ['shared', 'percpu']) rows.push(...(await measureMap(name)));
printTable(rows);
await object.close();

async function measureMap(name: string): Promise<string[][]> {
  const map = object.map(name);
  const fill = filler(map, name === 'percpu' ? possibleCpus() : 1);
  await fill(1);
  const reader = map.reader({ fold: [{ offset: 0, size: 8, count: VALUE_WORDS, fold: 'sum' }] });
  await reader.collect();
  const none = await measure(map, reader, async () => {}, 0);
  let step = 1;
  const all = await measure(map, reader, () => fill(++step), ENTRIES);
  return [row(`${name}, none changed`, none), row(`${name}, all changed`, all)];
}

/** Writes all entries with values that depend on `step`. */
function filler(map: BpfMap, lanes: number): (step: number) => Promise<void> {
  const keys = new BigUint64Array(ENTRIES * 2).map((_, index) => (index % 2 ? 443n : BigInt(index) * 7n));
  const values = new BigUint64Array(ENTRIES * lanes * VALUE_WORDS);
  return async (step) => {
    values.fill(BigInt(step));
    await map.updateBatch(new Uint8Array(keys.buffer), new Uint8Array(values.buffer), ENTRIES);
  };
}

interface Times {
  c: number;
  node: number;
  stall: number;
}

async function measure(map: BpfMap, reader: MapReader, change: () => Promise<void>, expected: number): Promise<Times> {
  const c: number[] = [];
  const node: number[] = [];
  const stalls: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await change();
    c.push(readInC(map.info.id));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    await sleep(5);
    delay.enable();
    await sleep(5);
    const start = performance.now();
    const { changed } = await reader.collect();
    node.push(performance.now() - start);
    await sleep(5);
    delay.disable();
    stalls.push(delay.max / 1e6);
    if (changed !== expected) throw new Error(`expected ${expected} changes, found ${changed}`);
  }
  return { c: median(c), node: median(node), stall: Math.max(...stalls) };
}

function readInC(id: number): number {
  const lines = execFileSync(builtFile('batch-read'), [String(id), '3'], { encoding: 'utf8' }).trim().split('\n');
  return median(lines.map((line) => Number(line.split(' ')[1]) / 1e6));
}

function row(what: string, { c, node, stall }: Times): string[] {
  return [what, c.toFixed(1), node.toFixed(1), `${(node / c).toFixed(2)} ×`, stall.toFixed(1)];
}
