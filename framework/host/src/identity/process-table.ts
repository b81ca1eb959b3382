// SPDX-License-Identifier: Apache-2.0
import type { CgroupId, IdentityId, Labels } from './types.ts';

export const KNOWN = 1;
export const ENDED = 2;
export const KERNEL_THREAD = 4;

/**
 * Most entries that are kept only because their process ended lately: 2,000 starts a second, of two entries each (fork and
 * exec), last half a minute, three times as long as a key waits in a map by default.
 */
const MOST_ENDED = 131_072;

/**
 * Processes in columns, by identity. An entry is some 100 bytes and its strings, which a fork shares with its parent. All
 * processes that ever had one pid form a chain.
 */
export class ProcessTable {
  tgid = new Uint32Array(1024);
  execId = new Uint32Array(1024);
  start = new Float64Array(1024);
  flags = new Uint8Array(1024);
  parentPid = new Uint32Array(1024);
  namespacePid = new Uint32Array(1024);
  userId = new Uint32Array(1024);
  cgroup = new Float64Array(1024);
  /** Number of the last walk during which the process was seen to live. */
  walk = new Uint32Array(1024);
  /** Length of the first argument in `commandLine`. */
  commandLength = new Uint16Array(1024);
  readonly comm: (string | undefined)[] = [];
  readonly executable: (string | undefined)[] = [];
  readonly commandLine: (string | undefined)[] = [];
  readonly labels: (Labels | undefined)[] = [];

  #next = new Uint32Array(1024);
  #holds = new Uint32Array(1024);
  #endedAt = new Float64Array(1024);
  readonly #newest = new Map<number, IdentityId>();
  readonly #free: IdentityId[] = [];
  /** Ended ones, oldest first, from `#swept` on. */
  #ended: IdentityId[] = [];
  #swept = 0;
  #top = 1;
  #live = 0;

  get live(): number {
    return this.#live;
  }

  get entries(): number {
    return this.#top - 1 - this.#free.length;
  }

  /** Entries that are kept because their process ended lately. */
  get kept(): number {
    return this.#ended.length - this.#swept;
  }

  has(id: IdentityId): boolean {
    return id > 0 && id < this.#top && this.tgid[id] !== 0;
  }

  is(id: IdentityId, flag: number): boolean {
    return (this.flags[id]! & flag) !== 0;
  }

  find(tgid: number, execId: number, start: number): IdentityId {
    let id = this.#newest.get(tgid) ?? 0;
    while (id !== 0 && (this.execId[id] !== execId || this.start[id] !== start)) id = this.#next[id]!;
    return id;
  }

  /** The process that had this pid when `start` was, as it was last seen; 0 if that is not known. */
  holder(tgid: number, start: number): IdentityId {
    let found = 0;
    for (let id = this.#newest.get(tgid) ?? 0; id !== 0; id = this.#next[id]!) {
      if (this.start[id]! <= start && (found === 0 || this.#isOlder(found, id))) found = id;
    }
    return found;
  }

  *chain(tgid: number): Iterable<IdentityId> {
    for (let id = this.#newest.get(tgid) ?? 0; id !== 0; id = this.#next[id]!) yield id;
  }

  /** Whether the pid belongs to a later process, or to the same one after an exec. */
  isSuperseded(id: IdentityId): boolean {
    for (const other of this.chain(this.tgid[id]!)) if (this.#isOlder(id, other)) return true;
    return false;
  }

  /** The living ones whose pid has passed to `id`. */
  supersededBy(id: IdentityId): IdentityId[] {
    const found: IdentityId[] = [];
    for (const other of this.chain(this.tgid[id]!)) {
      if (!this.is(other, ENDED) && this.#isOlder(other, id)) found.push(other);
    }
    return found;
  }

  #isOlder(id: IdentityId, than: IdentityId): boolean {
    if (this.start[id] !== this.start[than]) return this.start[id]! < this.start[than]!;
    return this.execId[id]! < this.execId[than]!;
  }

  insert(tgid: number, execId: number, start: number): IdentityId {
    const id = this.#free.pop() ?? this.#top++;
    if (id >= this.tgid.length) this.#grow();
    this.tgid[id] = tgid;
    this.execId[id] = execId;
    this.start[id] = start;
    this.#next[id] = this.#newest.get(tgid) ?? 0;
    this.#newest.set(tgid, id);
    this.#live++;
    return id;
  }

  /** @param now milliseconds, never falling */
  end(id: IdentityId, now: number): void {
    this.flags[id]! |= ENDED;
    this.#endedAt[id] = now;
    this.#ended.push(id);
    this.#live--;
  }

  retain(id: IdentityId): void {
    this.#holds[id]!++;
  }

  /** True if nothing keeps the entry any longer, so that it is to be freed. */
  release(id: IdentityId): boolean {
    if (this.#holds[id]! > 0) this.#holds[id]!--;
    return this.#holds[id] === 0 && this.is(id, ENDED) && this.#endedAt[id] === 0;
  }

  /** Takes those off the list of the kept that ended before `before`, or are too many; calls `free` for what nobody holds. */
  sweep(before: number, free: (id: IdentityId) => void): void {
    while (this.#swept < this.#ended.length) {
      const id = this.#ended[this.#swept]!;
      if (this.#endedAt[id]! >= before && this.#ended.length - this.#swept <= MOST_ENDED) break;
      this.#swept++;
      this.#endedAt[id] = 0;
      if (this.#holds[id] === 0) free(id);
    }
    if (this.#swept > 4096 && this.#swept * 2 > this.#ended.length) {
      this.#ended = this.#ended.slice(this.#swept);
      this.#swept = 0;
    }
  }

  free(id: IdentityId): void {
    this.#unchain(id);
    this.tgid[id] = 0;
    this.flags[id] = 0;
    this.walk[id] = 0;
    this.comm[id] = this.executable[id] = this.commandLine[id] = this.labels[id] = undefined;
    this.#free.push(id);
  }

  *liveIds(): Iterable<IdentityId> {
    for (let id = 1; id < this.#top; id++) if (this.tgid[id] !== 0 && !this.is(id, ENDED)) yield id;
  }

  #unchain(id: IdentityId): void {
    const tgid = this.tgid[id]!;
    const first = this.#newest.get(tgid)!;
    if (first === id) {
      if (this.#next[id] === 0) this.#newest.delete(tgid);
      else this.#newest.set(tgid, this.#next[id]!);
      return;
    }
    let before = first;
    while (this.#next[before] !== id) before = this.#next[before]!;
    this.#next[before] = this.#next[id]!;
  }

  #grow(): void {
    const size = this.tgid.length * 2;
    this.tgid = copyInto(new Uint32Array(size), this.tgid);
    this.execId = copyInto(new Uint32Array(size), this.execId);
    this.start = copyInto(new Float64Array(size), this.start);
    this.flags = copyInto(new Uint8Array(size), this.flags);
    this.parentPid = copyInto(new Uint32Array(size), this.parentPid);
    this.namespacePid = copyInto(new Uint32Array(size), this.namespacePid);
    this.userId = copyInto(new Uint32Array(size), this.userId);
    this.cgroup = copyInto(new Float64Array(size), this.cgroup);
    this.walk = copyInto(new Uint32Array(size), this.walk);
    this.commandLength = copyInto(new Uint16Array(size), this.commandLength);
    this.#next = copyInto(new Uint32Array(size), this.#next);
    this.#holds = copyInto(new Uint32Array(size), this.#holds);
    this.#endedAt = copyInto(new Float64Array(size), this.#endedAt);
  }
}

function copyInto<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(larger: T, from: T): T {
  larger.set(from);
  return larger;
}

/** What a record says of a process beside its key. */
export interface Birth {
  parentPid: number;
  namespacePid: number;
  userId: number;
  kernelThread: boolean;
  cgroup: CgroupId;
  comm: string;
}
