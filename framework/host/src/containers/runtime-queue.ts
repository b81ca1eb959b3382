// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerFacts, RuntimeClient, RuntimeState } from './types.ts';

/** How long one request may take, ms. */
const PATIENCE = 10_000;
/** Containers that begin at the same time are asked for together: how long the first of them waits, ms. */
const GATHER = 10;
/** Shortest and longest wait before the runtime is asked again for what it did not know or say, ms. */
const SOON = 100;
const LATE = 10_000;

interface Wanted {
  /** When to ask, and how long to wait after that. */
  due: number;
  wait: number;
}

/** Asks one runtime for containers until it knows them, one request at a time, without ever making anyone wait. */
export class RuntimeQueue {
  readonly #client: RuntimeClient;
  readonly #found: (facts: ContainerFacts) => void;
  readonly #unknown: (id: string) => void;
  readonly #renamed: (id: string) => void;
  readonly #wanted = new Map<string, Wanted>();
  readonly #requests = { answered: 0, absent: 0, timeout: 0, error: 0 };
  readonly #closing = new AbortController();
  #answers: boolean | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;
  #isFollowing = false;

  /**
   * @param unknown told when the runtime answered that it has no such container
   * @param renamed told of any container that got another name
   */
  constructor(
    client: RuntimeClient,
    found: (facts: ContainerFacts) => void,
    unknown: (id: string) => void,
    renamed: (id: string) => void = () => {},
  ) {
    this.#client = client;
    this.#found = found;
    this.#unknown = unknown;
    this.#renamed = renamed;
  }

  want(id: string): void {
    if (this.#wanted.has(id)) return;
    this.#wanted.set(id, { due: performance.now() + GATHER, wait: SOON });
    this.#schedule();
  }

  /** It is known, or gone. */
  forget(id: string): void {
    this.#wanted.delete(id);
  }

  state(): RuntimeState {
    const { kind, socket } = this.#client;
    return { kind, socket, ...(this.#answers !== undefined && { answers: this.#answers }), requests: { ...this.#requests } };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#wanted.clear();
    this.#closing.abort();
    this.#client.close();
  }

  #schedule(): void {
    if (this.#isAsking || this.#closing.signal.aborted || this.#wanted.size === 0) return;
    let next = Infinity;
    for (const { due } of this.#wanted.values()) next = Math.min(next, due);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), Math.max(0, next - performance.now())).unref();
  }

  async #ask(): Promise<void> {
    const now = performance.now();
    const ids = [...this.#wanted].filter(([, { due }]) => due <= now + GATHER).map(([id]) => id);
    this.#isAsking = true;
    const found = await this.#find(ids);
    this.#isAsking = false;
    if (this.#closing.signal.aborted) return;
    for (const facts of found ?? []) if (this.#wanted.delete(facts.id)) this.#found(facts);
    for (const id of ids) this.#postpone(id, found !== undefined);
    this.#schedule();
  }

  /** Undefined if there was no answer. */
  async #find(ids: readonly string[]): Promise<ContainerFacts[] | undefined> {
    if (!existsSync(this.#client.socket)) return this.#failed('absent');
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(PATIENCE)]);
    try {
      const found = await this.#client.find(ids, signal);
      this.#requests.answered++;
      this.#answers = true;
      if (!this.#isFollowing) void this.#follow();
      return found;
    } catch {
      return this.#failed(signal.aborted ? 'timeout' : 'error');
    }
  }

  /** What was renamed while the connection was broken is told by the next one. */
  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    this.#isFollowing = true;
    let since = Date.now() - PATIENCE;
    while (this.#client.renames && !signal.aborted) {
      const began = Date.now();
      await this.#client.renames(since, this.#renamed, signal).catch(() => {});
      since = began;
      await sleep(LATE, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  #failed(cause: 'absent' | 'timeout' | 'error'): undefined {
    this.#requests[cause]++;
    this.#answers = false;
  }

  #postpone(id: string, answered: boolean): void {
    const wanted = this.#wanted.get(id);
    if (wanted === undefined) return;
    wanted.due = performance.now() + wanted.wait;
    wanted.wait = Math.min(wanted.wait * 2, LATE);
    if (answered) this.#unknown(id);
  }
}
