// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, StatusError } from './api-client.ts';

/** Objects asked for at once. */
const PAGE = 500;
/** How long the server is to keep one watch open, s: it may be shorter. */
const WATCH = 300;
/** Without a sign of life (bookmarks come every minute) for longer than that, a watch is given up, ms. */
const SILENCE = 330_000;
/** How long a list may take, ms. */
const PATIENCE = 30_000;
/** Shortest and longest wait after a failure, ms. */
const SOON = 500;
const LATE = 30_000;
const GONE = 410;

interface Meta {
  metadata: { resourceVersion: string; uid: string };
}

interface List<Item> {
  metadata: { resourceVersion: string; continue?: string };
  items: Item[];
}

type Line<Item> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: Item }
  | { type: 'ERROR'; object: { code?: number; message?: string } };

export interface WatchListener<Item> {
  all(items: readonly Item[]): void;
  changed(item: Item): void;
  deleted(item: Item): void;
}

/**
 * Follows a collection of the API server: one list, then a watch that goes on from where it was, so that a connection that
 * breaks costs nothing. Bookmarks keep that place young; only when the server has forgotten it is the list taken again.
 */
export class ResourceWatch<Item extends Meta> {
  readonly #client: ApiClient;
  readonly #path: string;
  readonly #listener: WatchListener<Item>;
  readonly #closing = new AbortController();
  #version: string | undefined;
  #wait = SOON;
  answers: boolean | undefined;
  failures = 0;

  /** @param path of the collection, with selectors as its query */
  constructor(client: ApiClient, path: string, listener: WatchListener<Item>) {
    this.#client = client;
    this.#path = path;
    this.#listener = listener;
  }

  start(): void {
    void this.#follow();
  }

  close(): void {
    this.#closing.abort();
  }

  async #follow(): Promise<void> {
    const closing = this.#closing.signal;
    while (!closing.aborted) {
      try {
        this.#version ??= await this.#list();
        this.answers = true;
        await this.#watch();
      } catch (error) {
        if (closing.aborted) return;
        if (error instanceof StatusError && error.status === GONE) {
          this.#version = undefined;
          continue;
        }
        this.answers = false;
        this.failures++;
        await sleep(this.#wait, undefined, { signal: closing, ref: false }).catch(() => {});
        this.#wait = Math.min(this.#wait * 2, LATE);
      }
    }
  }

  async #list(): Promise<string> {
    const items: Item[] = [];
    let from: string | undefined = '';
    let version = '';
    while (from !== undefined) {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(PATIENCE)]);
      const page: List<Item> = await this.#client.get(this.#with({ limit: String(PAGE), continue: from }), signal);
      items.push(...page.items);
      version = page.metadata.resourceVersion;
      from = page.metadata.continue || undefined;
    }
    this.#listener.all(items);
    return version;
  }

  async #watch(): Promise<void> {
    const silence = new AbortController();
    const quiet = setTimeout(() => silence.abort(), SILENCE).unref();
    const query = { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(WATCH), resourceVersion: this.#version! };
    try {
      const signal = AbortSignal.any([this.#closing.signal, silence.signal]);
      for await (const line of this.#client.lines<Line<Item>>(this.#with(query), signal)) {
        quiet.refresh();
        this.#wait = SOON;
        this.#take(line);
      }
    } finally {
      clearTimeout(quiet);
    }
  }

  #take(line: Line<Item>): void {
    if (line.type === 'ERROR') throw new StatusError(line.object.code ?? 500, line.object.message ?? '');
    this.#version = line.object.metadata.resourceVersion;
    if (line.type === 'DELETED') this.#listener.deleted(line.object);
    else if (line.type !== 'BOOKMARK') this.#listener.changed(line.object);
  }

  #with(query: Record<string, string>): string {
    const added = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''));
    return `${this.#path}${this.#path.includes('?') ? '&' : '?'}${added.toString()}`;
  }
}
