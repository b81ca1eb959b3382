// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import type { SnapshotSource } from './types.ts';

/** Who asks within this time of a refresh's begin shares it. */
const SHARED_MILLISECONDS = 1000;

interface Source {
  probe: string;
  take: SnapshotSource;
  /** The snapshot under way, also when a refresh has stopped waiting for it. */
  pending?: Promise<void> | undefined;
}

export interface RefresherOptions {
  interval: number;
  sourceTimeout: number;
  failed(probe: string, error: unknown): void;
  /** Called after the sources have added what they had. */
  done(): void;
}

/** Asks all sources for a snapshot, one round at a time, shared by those who ask at about the same time. */
export class Refresher {
  readonly #options: RefresherOptions;
  readonly #sources = new Set<Source>();
  #rounds = 0;
  #round: Promise<number> | undefined;
  #began = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RefresherOptions) {
    this.#options = options;
  }

  add(probe: string, take: SnapshotSource): () => void {
    const source: Source = { probe, take };
    this.#sources.add(source);
    return () => this.#sources.delete(source);
  }

  /** Resolves to the number of the round. */
  refresh(): Promise<number> {
    if (this.#round) return this.#round;
    if (performance.now() - this.#began < SHARED_MILLISECONDS) return Promise.resolve(this.#rounds);
    this.#began = performance.now();
    this.#round = this.#ask().finally(() => (this.#round = undefined));
    return this.#round;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.refresh(), this.#options.interval).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#sources.clear();
  }

  async #ask(): Promise<number> {
    await Promise.all([...this.#sources].map((source) => this.#take(source)));
    this.#options.done();
    return ++this.#rounds;
  }

  async #take(source: Source): Promise<void> {
    // It kept the round before waiting in vain; what it finds is added when it is done.
    if (source.pending) return;
    const { sourceTimeout, failed } = this.#options;
    source.pending = settled(source, failed);
    const timeout = Promise.withResolvers<'timeout'>();
    const timer = setTimeout(timeout.resolve, sourceTimeout, 'timeout');
    const outcome = await Promise.race([source.pending, timeout.promise]);
    clearTimeout(timer);
    if (outcome !== 'timeout') return;
    failed(
      source.probe,
      sondeError('SONDE_SERIES_SOURCE_TIMEOUT', { probe: source.probe, seconds: sourceTimeout / 1000 }),
    );
  }
}

/** The snapshot under way; what it throws is reported, once. */
async function settled(source: Source, failed: RefresherOptions['failed']): Promise<void> {
  try {
    await source.take();
  } catch (error) {
    failed(source.probe, error);
  } finally {
    source.pending = undefined;
  }
}
