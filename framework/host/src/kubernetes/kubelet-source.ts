// SPDX-License-Identifier: Apache-2.0
import type { ApiClient } from './api-client.ts';
import { podOf, type PodObject } from './pod-object.ts';
import type { Pod } from './types.ts';

const PATIENCE = 10_000;
/** A pod that is new is asked for at once, but not more often than that, ms. */
const SOON = 500;

/** Asks the kubelet for its pods: every so often, and as soon as a pod is met that it did not name. */
export class KubeletSource {
  readonly #client: ApiClient;
  readonly #interval: number;
  readonly #listen: (pods: readonly Pod[]) => void;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;
  #isAsking = false;
  answers: boolean | undefined;
  failures = 0;

  /**
   * @param interval ms between two requests
   * @param listen told all pods of the node
   */
  constructor(client: ApiClient, interval: number, listen: (pods: readonly Pod[]) => void) {
    this.#client = client;
    this.#interval = interval;
    this.#listen = listen;
  }

  start(): void {
    this.#schedule(0);
  }

  /** A pod is met that nobody has told of. */
  hurry(): void {
    this.#schedule(SOON);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closing.abort();
  }

  #schedule(delay: number): void {
    const due = performance.now() + delay;
    if (due >= this.#due || this.#closing.signal.aborted) return;
    this.#due = due;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), delay).unref();
  }

  async #ask(): Promise<void> {
    this.#due = Infinity;
    if (this.#isAsking) return this.#schedule(SOON);
    this.#isAsking = true;
    try {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(PATIENCE)]);
      const { items } = await this.#client.get<{ items: PodObject[] | null }>('/pods', signal);
      this.#listen((items ?? []).map(podOf));
      this.answers = true;
    } catch {
      if (this.#closing.signal.aborted) return;
      this.answers = false;
      this.failures++;
    } finally {
      this.#isAsking = false;
    }
    this.#schedule(this.#interval);
  }
}
