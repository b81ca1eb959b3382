// SPDX-License-Identifier: Apache-2.0
/** The decoder of the tests: it counts work, and misbehaves when a record's kind says so. */
import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { defineDecoder, NO_PROCESS, type Emit, type Process, type RecordBatch, type TraceContext } from '@sonde/kit/decoder';

export const KIND = {
  work: 0,
  throw: 1,
  loop: 2,
  eatHeap: 3,
  eatBuffers: 4,
  undeclared: 5,
  exit: 6,
  reject: 7,
  addon: 8,
  log: 9,
  traced: 10,
  badlyTraced: 11,
  span: 12,
  childSpan: 13,
  badSpan: 14,
  postNothing: 15,
  postAnswer: 16,
  postColumns: 17,
  readPipe: 18,
} as const;

const kept: unknown[] = [];
const port = parentPort!;

export default defineDecoder((context) => {
  const record = context.layout('work_event');
  const name = record.text('name');
  const latency = record.number('latency');
  const process = record.offset('process');
  let threshold = Number(context.params.threshold ?? Infinity);
  let ended = 0;
  let alive = new Set<number>();

  return {
    onRecords(batch, emit) {
      while (batch.next()) {
        const who = emit.process(batch.view, batch.offset + process);
        const row = emit.entity('work.program', who, [name(batch.view, batch.offset)]);
        const trace = traceOf(batch.kind);
        emit.add(row, 'work.count', batch.weight, trace);
        emit.observe(row, 'work.duration', latency(batch.view, batch.offset), 1, trace);
        alive.add(who);
        if (latency(batch.view, batch.offset) > threshold) {
          emit.event('work.slow', {
            time: batch.time,
            process: who,
            attributes: { 'work.name': name(batch.view, batch.offset) },
          });
        }
        tellOfSpan(batch, who, latency(batch.view, batch.offset), emit);
        misbehave(batch.kind, emit);
        if (batch.kind === KIND.readPipe) readFileSync(String(context.params.pipe));
      }
    },
    onSnapshot(snapshot, emit) {
      for (let i = 0; i < snapshot.count; i++) {
        const row = emit.entity('work.program', NO_PROCESS, [
          `key ${snapshot.keys.getUint32(i * snapshot.keySize, true)}`,
        ]);
        const at = i * snapshot.valueSize;
        emit.add(row, 'work.count', snapshot.values.getUint32(at, true) - snapshot.previous.getUint32(at, true));
      }
    },
    onTick(emit) {
      emit.set(emit.entity('work.all', NO_PROCESS), 'work.alive', alive.size);
      emit.set(emit.entity('work.all', NO_PROCESS), 'work.ended', ended);
    },
    onEnded({ processes }) {
      ended += processes.length;
      for (const who of processes) alive.delete(who);
    },
    onParams(params) {
      threshold = Number(params.threshold);
    },
  };
});

const PARENT = { traceId: '0AF7651916CD43DD8448EB211C80319C', spanId: 'b7ad6b7169203331' };

/** A span that ends with the record and took its latency. */
function tellOfSpan({ kind, time, weight }: RecordBatch, process: Process, latency: number, emit: Emit): void {
  const times = { start: time - latency, end: time, process };
  if (kind === KIND.span) emit.span('work.job', { ...times, weight, attributes: { 'work.name': 'root' } });
  if (kind === KIND.childSpan) emit.span('work.job', { ...times, name: 'child', parent: PARENT, error: 'broken' });
  if (kind !== KIND.badSpan) return;
  emit.span('work.secret', times);
  emit.span('work.job', { ...times, attributes: { colour: 'red' } });
  emit.span('work.job', { start: 2, end: 1 });
  emit.span('work.job', { start: Number.NaN, end: 1 });
  emit.span('work.job', { ...times, name: 'orphan', parent: { ...PARENT, spanId: '0'.repeat(16) } });
}

function traceOf(kind: number): TraceContext | undefined {
  if (kind === KIND.traced) return PARENT;
  return kind === KIND.badlyTraced ? { ...PARENT, traceId: '0'.repeat(32) } : undefined;
}

function misbehave(kind: number, emit: Emit): void {
  switch (kind) {
    case KIND.throw:
      throw new Error('a record that I do not understand');
    case KIND.loop:
      for (;;);
    case KIND.eatHeap:
      for (;;) kept.push({ text: `${kept.length}`.repeat(10) });
    case KIND.eatBuffers:
      for (;;) kept.push(new Uint8Array(2 ** 20).fill(1));
    case KIND.undeclared:
      emit.add(emit.entity('work.secret', NO_PROCESS), 'work.count', 1);
      emit.add(emit.entity('work.all', NO_PROCESS), 'work.cuont', 1);
      emit.add(emit.entity('work.all', NO_PROCESS), 'work.alive', 1);
      emit.event('work.secret', {});
      emit.event('work.slow', { attributes: { colour: 'red' } });
      break;
    case KIND.exit:
      process.exit(0);
    case KIND.reject:
      void Promise.reject(new Error('nobody waited for me'));
      break;
    case KIND.addon:
      process.dlopen({ exports: {} }, '/lib/any.node');
      break;
    case KIND.postNothing:
      port.postMessage(null);
      break;
    case KIND.postAnswer:
      port.postMessage({ type: 'done' });
      break;
    case KIND.postColumns:
      port.postMessage({ type: 'done', columns: { processes: new Float64Array(3), entities: [{ entity: 99 }] } });
      break;
    case KIND.log:
      console.log('a decoder speaks');
  }
}
