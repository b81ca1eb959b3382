// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '@sonde/kit';
import type { Signal } from './types.ts';

/** A failure of one kind is told again after so long, ms. */
const REPEAT_MILLISECONDS = 60_000;

interface Trouble {
  error: SondeError;
  since: number;
  latest: number;
  told: boolean;
}

export type Log = (severity: 'info' | 'warn' | 'error', message: string) => void;

/** Whether a sink delivers, signal by signal. Tells people when that changes, and not at every attempt. */
export class Health {
  readonly #sink: string;
  readonly #log: Log;
  readonly #troubles = new Map<Signal, Trouble>();
  /** By signal and code: when people were told, and how often it failed since. */
  readonly #told = new Map<string, { at: number; untold: number }>();

  constructor(sink: string, log: Log) {
    this.#sink = sink;
    this.#log = log;
  }

  /** The latest failure of a signal that is not delivered. */
  get error(): SondeError | undefined {
    return [...this.#troubles.values()].sort((a, b) => b.latest - a.latest)[0]?.error;
  }

  delivered(signal: Signal): void {
    const trouble = this.#troubles.get(signal);
    if (!trouble) return;
    this.#troubles.delete(signal);
    const seconds = Math.round((performance.now() - trouble.since) / 1000);
    if (trouble.told) this.#log('info', `sink '${this.#sink}' delivers ${signal} again, after ${seconds} s`);
  }

  failed(signal: Signal, error: SondeError): void {
    const now = performance.now();
    const before = this.#troubles.get(signal);
    const told = this.#tell(signal, error, now) || before?.told === true;
    this.#troubles.set(signal, { error, since: before?.since ?? now, latest: now, told });
  }

  #tell(signal: Signal, error: SondeError, now: number): boolean {
    const kind = `${signal} ${error.code}`;
    const last = this.#told.get(kind);
    if (last && now - last.at < REPEAT_MILLISECONDS) {
      last.untold++;
      return false;
    }
    const more = last && last.untold > 0 ? ` (${last.untold} more like it since the last message)` : '';
    this.#log('error', `${signal}: ${error.format()}${more}`);
    this.#told.set(kind, { at: now, untold: 0 });
    return true;
  }
}
