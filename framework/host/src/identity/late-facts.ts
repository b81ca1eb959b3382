// SPDX-License-Identifier: Apache-2.0
import { setImmediate as turn } from 'node:timers/promises';
import { ENDED, KERNEL_THREAD, type ProcessTable } from './process-table.ts';
import type { ProcessTracker } from './process-tracker.ts';
import { readCommandLine, readStatus } from './proc-files.ts';
import type { IdentityId } from './types.ts';

const COMMAND_BYTES = 256;
/** How long the event loop is kept at a time, ms. */
const SLICE = 4;
/** A process this old has dropped its privileges and taken its name, if it ever does; ms. */
const SETTLED_AGE = 1000;

interface Survivor {
  id: IdentityId;
  start: number;
  due: number;
}

/**
 * What only /proc tells: the command line of processes that the walk found, and, once for each process that lives for a
 * second, the user and name it gave itself since (no hook tells of setuid). Read for one process at a time, never by a scan;
 * after reading, the ring is drained, so that nothing is taken for a process that is no longer there.
 */
export class LateFacts {
  readonly #table: ProcessTable;
  readonly #tracker: ProcessTracker;
  readonly #drain: () => void;
  /** Those to come last. */
  #survivors: Survivor[] = [];
  #isVisiting = false;

  constructor(table: ProcessTable, tracker: ProcessTracker, drain: () => void) {
    this.#table = table;
    this.#tracker = tracker;
    this.#drain = drain;
  }

  /** Reads the command line of every living process that has none. */
  async readCommandLines(): Promise<void> {
    const table = this.#table;
    const wanting = [...table.liveIds()].filter((id) => !table.is(id, KERNEL_THREAD) && table.commandLine[id] === undefined);
    for (let from = 0; from < wanting.length; await turn()) from = this.#readSlice(wanting, from);
  }

  #readSlice(ids: readonly IdentityId[], from: number): number {
    const table = this.#table;
    const read: { id: IdentityId; start: number; text: string; cut: boolean }[] = [];
    const sliceEnd = performance.now() + SLICE;
    let at = from;
    for (; at < ids.length && performance.now() < sliceEnd; at++) {
      const id = ids[at]!;
      if (table.is(id, ENDED)) continue;
      const line = readCommandLine(table.tgid[id]!, COMMAND_BYTES);
      if (line !== undefined) read.push({ id, start: table.start[id]!, ...line });
    }
    this.#drain();
    for (const { id, start, text, cut } of read) {
      if (this.#lives(id, start)) this.#tracker.setCommand(id, text, cut);
    }
    return at;
  }

  watch(id: IdentityId): void {
    if (this.#table.is(id, KERNEL_THREAD)) return;
    this.#survivors.push({ id, start: this.#table.start[id]!, due: performance.now() + SETTLED_AGE });
  }

  /** Looks at those who are due. */
  async visitSurvivors(): Promise<void> {
    if (this.#isVisiting) return;
    this.#isVisiting = true;
    while (this.#visitSlice()) await turn();
    this.#isVisiting = false;
  }

  /** Whether more are due. */
  #visitSlice(): boolean {
    const now = performance.now();
    const read: { survivor: Survivor; status: { comm: string; userId: number } }[] = [];
    let at = 0;
    for (; at < this.#survivors.length && performance.now() < now + SLICE; at++) {
      const survivor = this.#survivors[at]!;
      if (survivor.due > now) break;
      if (!this.#lives(survivor.id, survivor.start)) continue;
      const status = readStatus(this.#table.tgid[survivor.id]!);
      if (status !== undefined) read.push({ survivor, status });
    }
    this.#survivors = this.#survivors.slice(at);
    if (read.length > 0) this.#drain();
    for (const { survivor, status } of read) {
      if (this.#lives(survivor.id, survivor.start)) this.#update(survivor.id, status);
    }
    return this.#survivors.length > 0 && this.#survivors[0]!.due <= now;
  }

  #update(id: IdentityId, { comm, userId }: { comm: string; userId: number }): void {
    const table = this.#table;
    if (table.comm[id] === comm && table.userId[id] === userId) return;
    table.comm[id] = comm;
    table.userId[id] = userId;
    this.#tracker.changed(id);
  }

  #lives(id: IdentityId, start: number): boolean {
    return this.#table.has(id) && this.#table.start[id] === start && !this.#table.is(id, ENDED);
  }
}
