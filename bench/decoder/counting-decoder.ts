// SPDX-License-Identifier: Apache-2.0
/** Does with each record what the param `work` says; the records are those of ../decoder.ts. */
import { defineDecoder, NO_PROCESS, type Emit, type RecordBatch } from '@sonde/kit/decoder';

export default defineDecoder((context) => {
  const record = context.layout('record');
  const process = record.offset('process');
  const latency = record.number('latency');
  const name = record.text('name');

  const works: Record<string, (batch: RecordBatch, emit: Emit) => void> = {
    'walk, add once'(batch, emit) {
      let count = 0;
      while (batch.next()) count += batch.weight;
      emit.add(emit.entity('bench.all', NO_PROCESS), 'bench.records', count);
    },
    'count by process'(batch, emit) {
      while (batch.next()) {
        const row = emit.entity('bench.process', emit.process(batch.view, batch.offset + process));
        emit.add(row, 'bench.records', batch.weight);
      }
    },
    'count by process and name'(batch, emit) {
      while (batch.next()) {
        const { view, offset } = batch;
        const row = emit.entity('bench.name', emit.process(view, offset + process), [name(view, offset)]);
        emit.add(row, 'bench.records', batch.weight);
      }
    },
    'the same, and a histogram'(batch, emit) {
      while (batch.next()) {
        const { view, offset } = batch;
        const row = emit.entity('bench.name', emit.process(view, offset + process), [name(view, offset)]);
        emit.add(row, 'bench.records', batch.weight);
        emit.observe(row, 'bench.duration', latency(view, offset));
      }
    },
  };
  return { onRecords: works[String(context.params.work)] };
});
