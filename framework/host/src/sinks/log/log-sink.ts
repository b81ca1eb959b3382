// SPDX-License-Identifier: Apache-2.0
import { sondeError, type SondeError } from '@sonde/kit';
import { setTimeout as sleep } from 'node:timers/promises';
import { logRecord, PartlyDelivered, type EventRecord, type EventSubscription, type Outlet } from '../../events/index.ts';
import type { Identity } from '../../identity/types.ts';
import type { Sink, SinkState } from '../types.ts';
import { openOutput, WriteError, type Output } from './output.ts';

export interface LogSinkOptions {
  /** Its key under `sinks`. */
  name: string;
  /** `stdout`, `stderr` or an absolute path. */
  path: string;
  /** Events that may wait while the output is slow. Default 8192. */
  capacity?: number;
}

export interface LogSinkServices {
  readonly events: Outlet;
  readonly identity: Pick<Identity, 'labels'>;
}

const NEWLINE = 10;
/** How long stopping waits for an output that takes nothing, ms. */
const LAST_MOMENT = 1000;

/** Writes each event as a line of JSON, within a second, and never makes anyone wait. */
export class LogSink implements Sink {
  readonly name: string;
  readonly type = 'log';
  readonly #options: LogSinkOptions;
  readonly #services: LogSinkServices;
  #output: Output | undefined;
  #subscription: EventSubscription | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** The last line was cut off by an error. */
  #torn = false;
  #error: SondeError | undefined;

  constructor(options: LogSinkOptions, services: LogSinkServices) {
    this.name = options.name;
    this.#options = options;
    this.#services = services;
  }

  /** @throws SONDE_SINK_OUTPUT if the file cannot be opened */
  async start(): Promise<void> {
    if (this.#output) return;
    this.#output = await this.#open();
    const { capacity } = this.#options;
    const consume = (events: readonly EventRecord[]): Promise<void> => (this.#writing = this.#write(events));
    this.#subscription = this.#services.events.subscribe(
      this.name,
      consume,
      capacity === undefined ? {} : { capacity },
    );
  }

  async stop(): Promise<void> {
    const output = this.#output;
    const flushed = this.#subscription?.close();
    this.#subscription = undefined;
    await Promise.race([flushed, sleep(LAST_MOMENT, undefined, { ref: false })]);
    await output?.close();
    await flushed;
    this.#output = undefined;
  }

  /**
   * Opens the file again under its name, as after logrotate has moved it away. What is being written goes to the old
   * one.
   */
  async reopen(): Promise<void> {
    if (!this.#output) return;
    const next = await this.#open();
    await this.#writing.catch(() => {});
    await this.#output.close();
    this.#output = next;
  }

  state(): SinkState {
    const where = this.#options.path;
    const error = this.#error && { error: this.#error };
    if (!this.#output || !this.#subscription) return { state: 'stopped', where, ...error };
    const { queued, delivered, dropped: lost } = this.#subscription;
    return { state: error ? 'failing' : 'running', where, ...error, flow: { queued, delivered, lost } };
  }

  async #open(): Promise<Output> {
    try {
      return await openOutput(this.#options.path);
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  async #write(events: readonly EventRecord[]): Promise<void> {
    const text = events.map((event) => `${logRecord(event, this.#services.identity.labels(event.identity))}\n`).join('');
    const bytes = Buffer.from(this.#torn ? `\n${text}` : text);
    try {
      await this.#output!.write(bytes);
      this.#torn = false;
      this.#error = undefined;
    } catch (thrown) {
      const written = bytes.subarray(0, thrown instanceof WriteError ? thrown.written : 0);
      const lines = count(written, NEWLINE) - (this.#torn && written.length > 0 ? 1 : 0);
      if (written.length > 0) this.#torn = written.at(-1) !== NEWLINE;
      this.#error = this.#failure(thrown);
      throw new PartlyDelivered(lines, thrown);
    }
  }

  #failure(cause: unknown): SondeError {
    const { name } = this;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return sondeError('SONDE_SINK_OUTPUT', { sink: name, path: this.#options.path, reason }, { cause });
  }
}

function count(bytes: Uint8Array, byte: number): number {
  let found = 0;
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) found++;
  return found;
}
