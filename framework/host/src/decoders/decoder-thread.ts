// SPDX-License-Identifier: Apache-2.0
import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { DecoderDefinition, DecoderLimits, DecoderLossCause } from './types.ts';
import type { Answer, Done, Job } from './worker/protocol.ts';

export interface DecoderFailure {
  cause: Extract<DecoderLossCause, 'error' | 'timeout' | 'memory'>;
  error: string;
  /** The thread hangs in a system call, such as the read of a pipe, and nothing ends it. */
  stuck?: true;
}

export interface ThreadHandlers {
  ready(): void;
  done(answer: Done): void;
  /** The thread is gone or stuck; all that it answered has been handed over before. Not called after `stop`. */
  failed(failure: DecoderFailure): void;
}

const WATCH_MILLISECONDS = 250;
/** What JavaScript does ends at once; a thread that is still there by then is in a system call. */
const END_MILLISECONDS = 2000;
const MEBIBYTE = 2 ** 20;
/** As this file: `.ts` where Node runs the sources, else `.js`. */
const workerFile = new URL(`./worker/main${extname(import.meta.url)}`, import.meta.url);

const stuck = new Set<DecoderThread>();

/** Whether there are threads that nothing ends: Node.js itself would wait for them at its end. */
export function hasStuckThreads(): boolean {
  return stuck.size > 0;
}

/** One life of a worker thread: it has limits on heap and time, no addons, no environment. */
export class DecoderThread {
  readonly #worker: Worker;
  readonly #limits: DecoderLimits;
  readonly #handlers: ThreadHandlers;
  #unanswered = 0;
  /** Whether it had work since it was last measured. */
  #worked = true;
  #failure: DecoderFailure | undefined;
  #stopped = false;
  #deadline: NodeJS.Timeout | undefined;
  readonly #watch: NodeJS.Timeout;
  readonly #gone: Promise<void>;
  #ending: Promise<void> | undefined;
  cpuMilliseconds = 0;
  heapBytes = 0;

  constructor(definition: DecoderDefinition, limits: DecoderLimits, handlers: ThreadHandlers) {
    this.#limits = limits;
    this.#handlers = handlers;
    this.#worker = new Worker(workerFile, {
      name: `decoder ${definition.probe}`,
      workerData: definition,
      env: {},
      execArgv: ['--no-addons'],
      resourceLimits: { maxOldGenerationSizeMb: limits.heapBytes / MEBIBYTE, maxYoungGenerationSizeMb: 16 },
      stdout: true,
      stderr: true,
    });
    for (const output of [this.#worker.stdout, this.#worker.stderr]) {
      output.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    }
    this.#worker.on('message', (answer: Answer) => this.#onAnswer(answer));
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      const cause = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'error';
      this.#failure ??= { cause, error: cause === 'memory' ? this.#memoryMessage() : (error.stack ?? String(error)) };
    });
    this.#gone = new Promise((resolve) => this.#worker.once('exit', resolve)).then(() => this.#onGone());
    void this.#gone.then(() => stuck.delete(this));
    this.#watch = setInterval(() => void this.#measureIfWorking(), WATCH_MILLISECONDS).unref();
    this.#expect(limits.startMilliseconds, 'loading it');
  }

  post(job: Job): void {
    this.#worked = true;
    if (this.#unanswered++ === 0) this.#expectBatch();
    this.#worker.postMessage(job, transferables(job));
  }

  /** Ends the thread, or leaves it if it is stuck. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.race([this.#measure(), sleep(END_MILLISECONDS, undefined, { ref: false })]);
    await this.#terminate();
  }

  /** The package's code could post too, past all that checks what it emits. */
  #onAnswer(answer: Answer): void {
    clearTimeout(this.#deadline);
    try {
      this.#take(answer);
    } catch (thrown) {
      const reason = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      this.#end('error', `it posted what cannot be read: ${reason}`);
    }
  }

  #take(answer: Answer): void {
    if (answer.type === 'failed') {
      this.#failure ??= { cause: 'error', error: answer.error };
      return;
    }
    if (answer.type === 'ready') return this.#handlers.ready();
    if (--this.#unanswered > 0) this.#expectBatch();
    this.#handlers.done(answer);
  }

  #expectBatch(): void {
    this.#expect(this.#limits.batchMilliseconds, 'one batch');
  }

  #expect(milliseconds: number, what: string): void {
    clearTimeout(this.#deadline);
    const deadline = setTimeout(() => {
      // The answer may be here already, behind a main thread that was busy itself.
      setImmediate(() => {
        if (this.#deadline === deadline) this.#end('timeout', `${what} took longer than ${milliseconds} ms`);
      });
    }, milliseconds);
    this.#deadline = deadline;
  }

  #end(cause: DecoderFailure['cause'], error: string): void {
    this.#failure ??= { cause, error };
    void this.#terminate();
  }

  #terminate(): Promise<void> {
    return (this.#ending ??= (async () => {
      void this.#worker.terminate();
      const end = await Promise.race([this.#gone, sleep(END_MILLISECONDS, 'late', { ref: false })]);
      if (end !== 'late') return;
      stuck.add(this);
      this.#failure = { ...(this.#failure ?? { cause: 'timeout', error: 'it did not end' }), stuck: true };
      this.#onGone();
    })());
  }

  async #measureIfWorking(): Promise<void> {
    if (!this.#worked) return;
    this.#worked = this.#unanswered > 0;
    await this.#measure();
  }

  async #measure(): Promise<void> {
    try {
      const [cpu, heap] = await Promise.all([this.#worker.cpuUsage(), this.#worker.getHeapStatistics()]);
      this.cpuMilliseconds = (cpu.user + cpu.system) / 1000;
      // Buffers lie outside of the heap, and no resource limit of the thread counts them.
      this.heapBytes = heap.used_heap_size + heap.external_memory;
      if (heap.external_memory > this.#limits.heapBytes) this.#end('memory', this.#memoryMessage());
    } catch {
      // The thread has ended in the meantime; its 'exit' says so.
    }
  }

  #memoryMessage(): string {
    return `it used more memory than the ${Math.round(this.#limits.heapBytes / MEBIBYTE)} MiB it may have`;
  }

  #onGone(): void {
    clearTimeout(this.#deadline);
    clearInterval(this.#watch);
    if (this.#stopped) return;
    this.#stopped = true;
    this.#handlers.failed(this.#failure ?? { cause: 'error', error: 'it ended its thread' });
  }
}

function transferables(job: Job): ArrayBuffer[] {
  switch (job.type) {
    case 'records':
      return [job.buffer];
    case 'snapshot':
      return [job.keys, job.values, job.previous, job.fresh, job.slots, job.removed].map(({ buffer }) => buffer);
    default:
      return [];
  }
}
