// SPDX-License-Identifier: Apache-2.0
import type { Decoder, DecoderFactory, Params } from '@sonde/kit/decoder';
import type { DecoderDefinition } from '../types.ts';
import { decoderContext } from './context.ts';
import { Emitter } from './emitter.ts';
import type { Done, Job, SnapshotJob } from './protocol.ts';
import { RecordCursor } from './record-cursor.ts';

/** One decoder and what it emits. */
export class Runner {
  readonly #definition: DecoderDefinition;
  readonly #factory: DecoderFactory;
  readonly #emit: Emitter;
  #decoder: Decoder;

  constructor(definition: DecoderDefinition, factory: DecoderFactory) {
    this.#definition = definition;
    this.#factory = factory;
    this.#emit = new Emitter(definition);
    this.#decoder = this.#make(definition.params);
  }

  /** Does one job. Throws what the decoder throws; then this runner must not be used again. */
  run(job: Job): Done {
    this.#call(job);
    const columns = this.#emit.take();
    const refused = this.#emit.refusals.take();
    return {
      type: 'done',
      ...(job.type === 'records' && { buffer: job.buffer }),
      ...(columns && { columns }),
      ...(refused && { refused }),
    };
  }

  #call(job: Job): void {
    switch (job.type) {
      case 'records': {
        const bytes = new Uint8Array(job.buffer, 0, job.byteLength);
        this.#decoder.onRecords?.(new RecordCursor(job.ring, bytes, job.count), this.#emit);
        return;
      }
      case 'snapshot':
        this.#decoder.onSnapshot?.(viewOf(job), this.#emit);
        return;
      case 'tick':
        this.#end(job.ended);
        this.#decoder.onTick?.(this.#emit);
        return;
      case 'params':
        this.#takeParams(job.params);
    }
  }

  #end(processes: readonly number[]): void {
    if (processes.length === 0) return;
    this.#decoder.onEnded?.({ processes }, this.#emit);
    for (const process of processes) this.#emit.processes.forget(process);
  }

  #takeParams(params: Params): void {
    if (this.#decoder.onParams) this.#decoder.onParams(params);
    else this.#decoder = this.#make(params);
  }

  #make(params: Params): Decoder {
    return this.#factory(decoderContext(this.#definition, params));
  }
}

function viewOf(job: SnapshotJob) {
  const { map, total, count, fresh, slots, removed } = job;
  const entries = Math.max(count, 1);
  return {
    map,
    total,
    count,
    keySize: job.keys.byteLength / entries,
    valueSize: job.values.byteLength / entries,
    keys: dataView(job.keys),
    values: dataView(job.values),
    previous: dataView(job.previous),
    fresh,
    slots,
    removed,
  };
}

function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
