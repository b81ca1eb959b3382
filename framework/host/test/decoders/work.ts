// SPDX-License-Identifier: Apache-2.0
import type { BtfType, MapChanges, RingBatch } from '@sonde/native';
import { fileURLToPath } from 'node:url';
import type { DecoderDefinition, DecoderLimits, DecoderServices } from '../../src/decoders/types.ts';
import { DecoderWorker } from '../../src/decoders/decoder-worker.ts';
import type { EventRecord, SpanRecord } from '../../src/events/types.ts';
import type { IdentityId } from '../../src/identity/types.ts';
import { createSeriesStore } from '../../src/series/index.ts';
import type { HistogramColumn } from '../../src/series/index.ts';
import { emptyHistogram } from '../../src/series/index.ts';
import { numbers, People, tableOf, text } from '../series/people.ts';

const RECORD = 64;
const FRAME = 8;

/**
 * struct work_event { struct sonde_event header; struct sonde_process process; u64 latency; char name[16]; u64 unused;
 * }
 */
const types: BtfType[] = [
  { id: 0, kind: 'void', name: '' },
  { id: 1, kind: 'int', name: 'unsigned int', size: 4, bits: 32, signed: false, char: false, bool: false },
  { id: 2, kind: 'int', name: 'unsigned long long', size: 8, bits: 64, signed: false, char: false, bool: false },
  { id: 3, kind: 'int', name: 'char', size: 1, bits: 8, signed: true, char: false, bool: false },
  { id: 4, kind: 'array', name: '', type: 3, index: 1, length: 16 },
  {
    id: 5,
    kind: 'struct',
    name: 'sonde_event',
    size: 16,
    members: members({ time: [2, 0], kind: [1, 64], weight: [1, 96] }),
  },
  {
    id: 6,
    kind: 'struct',
    name: 'sonde_process',
    size: 16,
    members: members({ tgid: [1, 0], exec_id: [1, 32], start: [2, 64] }),
  },
  {
    id: 7,
    kind: 'struct',
    name: 'work_event',
    size: RECORD,
    members: members({ header: [5, 0], process: [6, 128], latency: [2, 256], name: [4, 320], unused: [2, 448] }),
  },
];

function members(fields: Record<string, [type: number, bitOffset: number]>) {
  return Object.entries(fields).map(([name, [type, bitOffset]]) => ({ name, type, bitOffset, bitSize: 0 }));
}

export const WORK: DecoderDefinition = {
  probe: 'work',
  file: fileURLToPath(new URL('./work-decoder.ts', import.meta.url)),
  btf: types,
  maps: { jobs: { keyType: 6, valueType: 7 } },
  entities: [
    {
      probe: 'work',
      name: 'work.program',
      attributes: ['work.name'],
      metrics: [
        { name: 'work.count', type: 'counter', unit: '{job}', help: 'Jobs' },
        { name: 'work.duration', type: 'histogram', unit: 's', help: 'Time of a job' },
      ],
    },
    {
      probe: 'work',
      name: 'work.all',
      attributes: [],
      metrics: [
        { name: 'work.alive', type: 'gauge', unit: '{process}', fold: 'sum', help: 'Processes' },
        { name: 'work.ended', type: 'gauge', unit: '{process}', fold: 'sum', help: 'Processes that ended' },
      ],
    },
  ],
  events: [{ name: 'work.slow', severity: 'warn', body: '{work.name} was slow', attributes: ['work.name'] }],
  spans: [{ name: 'work.job', kind: 'server', attributes: ['work.name'] }],
  params: { threshold: 1e9 },
};

/** People whose identity is asked for by `struct sonde_process`. */
export class Crowd extends People {
  readonly #ids = new Map<string, IdentityId>();
  /** How often it was asked to make every process known. */
  settled = 0;

  settle(): void {
    this.settled++;
  }

  process(tgid: number, execId: number, start: number): IdentityId {
    const key = `${tgid} ${execId} ${start}`;
    const id = this.#ids.get(key) ?? this.born(`program${tgid}`, tgid);
    this.#ids.set(key, id);
    return id;
  }
}

/** A real worker with real series, read by executable. */
export async function setUp(limits: Partial<DecoderLimits> = {}, definition: DecoderDefinition = WORK) {
  const people = new Crowd();
  const store = createSeriesStore(people);
  const events: EventRecord[] = [];
  const spans: SpanRecord[] = [];
  const reader = store.view({ identity: ['process.executable.name'] }).reader();
  const worker = new DecoderWorker(
    definition,
    {
      tables: definition.entities.map((entity) => store.define(entity)),
      identity: people as unknown as DecoderServices['identity'],
      loss: store.loss,
      emit: (event) => void events.push(event),
      emitSpan: (span) => void spans.push(span),
      clockOffset: () => 1000,
    },
    { restartMilliseconds: 10, ...limits },
  );
  await worker.start();
  const numbersOf = (entity: string, metric = 0): Record<string, number> => numbers(reader.snapshot(), entity, metric);
  return {
    people,
    worker,
    events,
    spans,
    numbersOf,
    sum: (entity: string) => Object.values(numbersOf(entity)).reduce((a, b) => a + b, 0),
    lost: () =>
      Object.fromEntries(
        store.loss
          .rows('work')
          .filter((row) => row.count > 0)
          .map((row) => [row.cause, row.count]),
      ),
    lossRows: () => store.loss.rows('work'),
    exemplars: (entity: string, metric: number) => [
      ...(tableOf(reader.snapshot(), entity)!.exemplars[metric]?.values() ?? []),
    ],
    histogram(entity: string, metric: number, labels: string) {
      const table = tableOf(reader.snapshot(), entity)!;
      const series = table.labels.findIndex((set) => set !== undefined && text(set) === labels);
      const column = table.metrics[metric] as HistogramColumn;
      const value = emptyHistogram(column.range);
      column.read(series, value);
      return value;
    },
  };
}

export interface WorkRecord {
  kind?: number;
  weight?: number;
  tgid?: number;
  latency?: number;
  name?: string;
  time?: number;
}

export function batchOf(records: readonly WorkRecord[]): RingBatch {
  const buffer = new Uint8Array(records.length * (FRAME + RECORD));
  const view = new DataView(buffer.buffer);
  records.forEach(({ kind = 0, weight = 1, tgid = 1, latency = 100, name = 'job', time = 5 }, i) => {
    const at = i * (FRAME + RECORD);
    view.setUint32(at, RECORD, true);
    view.setBigUint64(at + 8, BigInt(time), true);
    view.setUint32(at + 16, kind, true);
    view.setUint32(at + 20, weight, true);
    view.setUint32(at + 24, tgid, true);
    view.setUint32(at + 28, 1, true);
    view.setBigUint64(at + 32, BigInt(tgid) * 10_000_000_000n, true);
    view.setBigUint64(at + 40, BigInt(latency), true);
    buffer.set(Buffer.from(name), at + 48);
  });
  return { buffer, byteLength: buffer.byteLength, count: records.length };
}

export function many(count: number, record: WorkRecord = {}): RingBatch {
  return batchOf(Array.from({ length: count }, () => record));
}

/** Entries of a map of u32 keys and u32 values, seen first. */
export function changesOf(values: Record<number, number>): MapChanges {
  const keys = Uint32Array.from(Object.keys(values), Number);
  const now = Uint32Array.from(Object.values(values));
  const changed = keys.length;
  return {
    total: changed,
    changed,
    slots: Uint32Array.from(keys, (_, i) => i),
    fresh: new Uint8Array(changed).fill(1),
    keys: new Uint8Array(keys.buffer),
    values: new Uint8Array(now.buffer),
    previous: new Uint8Array(changed * 4),
    removed: new Uint32Array(),
    unchanged: new Uint8Array(changed),
    durationNs: 0,
  };
}
