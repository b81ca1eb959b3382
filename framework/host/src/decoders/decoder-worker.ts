// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { sondeError } from '@sonde/kit';
import type { MapChanges, RingBatch } from '@sonde/native';
import { EventEmitter } from 'eventemitter3';
import { ColumnReader } from './columns.ts';
import { DecoderThread, type DecoderFailure } from './decoder-thread.ts';
import { JobQueue, type QueuedJob } from './job-queue.ts';
import {
  DECODER_LOSS,
  type DecoderDefinition,
  type DecoderLimits,
  type DecoderLossCause,
  type DecoderServices,
  type DecoderState,
  type DecoderStats,
} from './types.ts';
import type { Done, Job, Refused } from './worker/protocol.ts';

const DEFAULT_LIMITS: DecoderLimits = {
  heapBytes: 128 * 2 ** 20,
  queueBytes: 16 * 2 ** 20,
  batchMilliseconds: 5000,
  startMilliseconds: 10_000,
  restartMilliseconds: 100,
};
const LONGEST_RESTART = 30_000;
/** A decoder that ran for so long is taken to be well again. */
const WELL_MILLISECONDS = 60_000;
/** Jobs in the worker at once: it never waits for the host, and few are lost with it. */
const IN_FLIGHT = 2;
const NOTHING = { records: 0, bytes: 0 };

export interface DecoderWorkerEvents {
  /** The decoder failed and will be started again after `delay` ms; not at all if its thread is stuck. */
  failed: (failure: DecoderFailure, delay: number | undefined) => void;
  /** It emitted something that its manifest does not declare; told once for each kind. */
  refused: (message: string) => void;
}

/**
 * Runs the decoder of one package in a worker thread and adds what it emits to the series and events. Whatever the
 * decoder does, the host goes on: a batch that fails is counted as loss (stage `decoder`) and the worker is started
 * again.
 */
export class DecoderWorker extends EventEmitter<DecoderWorkerEvents> {
  readonly #services: DecoderServices;
  readonly #limits: DecoderLimits;
  readonly #queue: JobQueue;
  #definition: DecoderDefinition;
  #reader: ColumnReader | undefined;
  #thread: DecoderThread | undefined;
  #inFlight: QueuedJob[] = [];
  #state: DecoderState = 'stopped';
  #startedAt = 0;
  #failures = 0;
  #restart: NodeJS.Timeout | undefined;
  #pastCpu = 0;
  readonly #counts = { batches: 0, records: 0, lost: 0, restarts: 0 };
  #error: string | undefined;

  constructor(definition: DecoderDefinition, services: DecoderServices, limits: Partial<DecoderLimits> = {}) {
    super();
    this.#definition = definition;
    this.#services = services;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#queue = new JobQueue(this.#limits.queueBytes);
    for (const cause of DECODER_LOSS) services.loss.declare(definition.probe, 'decoder', cause);
  }

  /** Whether it takes work now. A map is better not read while it is false: then its changes wait in the kernel. */
  get ready(): boolean {
    return this.#state === 'running';
  }

  get stats(): DecoderStats {
    const oldest = this.#inFlight[0] ?? this.#queue.oldest;
    return {
      state: this.#state,
      ...this.#counts,
      queuedBytes: this.#queue.bytes,
      lagMilliseconds: oldest ? performance.now() - oldest.since : 0,
      cpuMilliseconds: this.#pastCpu + (this.#thread?.cpuMilliseconds ?? 0),
      heapBytes: this.#thread?.heapBytes ?? 0,
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  /** Starts the worker. Resolves when the decoder runs. @throws SONDE_DECODER_FAILED if it does not at the first try */
  start(): Promise<void> {
    const { probe, file } = this.#definition;
    return new Promise((resolve, reject) => {
      this.#startThread(resolve, ({ error }) => {
        this.#state = 'stopped';
        reject(sondeError('SONDE_DECODER_FAILED', { probe, reason: error }, { place: { file } }));
      });
    });
  }

  /** Takes a copy of the batch. What finds no room in the queue is counted as lost. */
  records(ring: string, batch: RingBatch): void {
    const bytes = batch.buffer.subarray(0, batch.byteLength);
    if (this.#isOpen && this.#queue.pushRecords(ring, bytes, batch.count)) this.#pump();
    else this.#lose('queue_full', batch.count);
  }

  /** Takes a copy of the changes. Resolves when what the decoder makes of them was added, or was counted as lost. */
  snapshot(map: string, changes: MapChanges): Promise<void> {
    const { total, changed: count, keys, values, previous, fresh, slots, removed } = changes;
    const columns = {
      keys: keys.slice(),
      values: values.slice(),
      previous: previous.slice(),
      fresh: fresh.slice(),
      slots: slots.slice(),
      removed: removed.slice(),
    };
    const bytes = columns.keys.byteLength + 2 * columns.values.byteLength;
    return this.#do({ type: 'snapshot', map, total, count, ...columns }, { records: count, bytes });
  }

  /**
   * Tells it which processes ended, and that a snapshot was taken. Resolves when all that was queued before is applied
   * too.
   */
  tick(): Promise<void> {
    if (!this.ready) return Promise.resolve();
    return this.#do({ type: 'tick', ended: this.#reader!.takeEnded() }, NOTHING);
  }

  /** New values of the params; a restart begins with them too. */
  params(params: DecoderDefinition['params']): Promise<void> {
    this.#definition = { ...this.#definition, params };
    if (!this.ready) return Promise.resolve();
    return this.#do({ type: 'params', params }, NOTHING);
  }

  /**
   * Lets it finish what is queued, for as long as one batch may take, then ends the thread. What is left is counted as
   * lost.
   */
  async stop(): Promise<void> {
    if (this.ready) await Promise.race([this.tick(), sleep(this.#limits.batchMilliseconds, undefined, { ref: false })]);
    this.#state = 'stopped';
    clearTimeout(this.#restart);
    await this.#thread?.stop();
    this.#leaveThread('error');
    this.#loseQueue('error');
  }

  get #isOpen(): boolean {
    return this.#state !== 'stopped';
  }

  #do(job: Job, size: { records: number; bytes: number }): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isOpen && this.#queue.push(job, size, resolve)) return this.#pump();
      this.#lose('queue_full', size.records);
      resolve();
    });
  }

  #pump(): void {
    while (this.ready && this.#inFlight.length < IN_FLIGHT) {
      const queued = this.#queue.shift();
      if (queued === undefined) return;
      this.#inFlight.push(queued);
      this.#thread!.post(queued.job);
    }
  }

  #onDone({ buffer, columns, refused }: Done): void {
    const [queued] = this.#inFlight;
    if (!queued) throw new Error('an answer to nothing');
    if (columns) this.#reader!.apply(columns);
    if (refused) this.#onRefused(refused);
    if (queued.job.type === 'tick') this.#reader!.forget(queued.job.ended);
    this.#inFlight.shift();
    this.#counts.batches++;
    this.#counts.records += queued.records;
    this.#queue.settle(queued, buffer);
    this.#pump();
  }

  #onRefused({ undeclared, invalid, messages }: Refused): void {
    this.#lose('undeclared', undeclared);
    this.#lose('invalid', invalid);
    for (const message of messages) this.emit('refused', message);
  }

  #startThread(onReady: () => void, onFailed: (failure: DecoderFailure) => void): void {
    this.#state = 'starting';
    this.#reader = new ColumnReader(this.#definition, this.#services);
    this.#thread = new DecoderThread(this.#definition, this.#limits, {
      ready: () => {
        this.#state = 'running';
        this.#startedAt = performance.now();
        onReady();
        this.#pump();
      },
      done: (answer) => this.#onDone(answer),
      failed: (failure) => {
        const wasRunning = this.ready;
        this.#error = failure.error;
        this.#leaveThread(failure.cause);
        if (wasRunning) this.#restartLater(failure);
        else onFailed(failure);
      },
    });
  }

  #restartLater(failure: DecoderFailure): void {
    // each start might leave one more thread behind
    if (failure.stuck) return this.#giveUp(failure);
    if (performance.now() - this.#startedAt > WELL_MILLISECONDS) this.#failures = 0;
    const delay = Math.min(this.#limits.restartMilliseconds * 2 ** this.#failures++, LONGEST_RESTART);
    this.#state = 'waiting';
    this.#counts.restarts++;
    this.#restart = setTimeout(
      () =>
        this.#startThread(
          () => {},
          (again) => this.#restartLater(again),
        ),
      delay,
    );
    this.emit('failed', failure, delay);
  }

  #giveUp(failure: DecoderFailure): void {
    this.#state = 'stopped';
    this.#loseQueue(failure.cause);
    this.emit('failed', failure, undefined);
  }

  /** The thread is gone, and what it had not answered is lost with it. */
  #leaveThread(cause: DecoderLossCause): void {
    this.#pastCpu += this.#thread?.cpuMilliseconds ?? 0;
    this.#thread = undefined;
    this.#reader?.close();
    this.#reader = undefined;
    for (const job of this.#inFlight.splice(0)) this.#loseJob(job, cause);
  }

  #loseQueue(cause: DecoderLossCause): void {
    for (let job = this.#queue.shift(); job; job = this.#queue.shift()) this.#loseJob(job, cause);
  }

  #loseJob(queued: QueuedJob, cause: DecoderLossCause): void {
    this.#lose(cause, queued.records);
    this.#queue.settle(queued);
  }

  #lose(cause: DecoderLossCause, records: number): void {
    if (records === 0) return;
    this.#counts.lost += records;
    this.#services.loss.add(this.#definition.probe, 'decoder', cause, records);
  }
}
