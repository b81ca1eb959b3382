// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CgroupId } from './types.ts';

/** In a `sonde_cgroup_t`: of the v1 memory hierarchy. */
const V1 = 2 ** 52;

/** Inode of the root of a hierarchy. A container sees its own cgroup in that place, until the node's is mounted too. */
const ROOT = 1;

export interface Cgroup {
  cgroup: CgroupId;
  path: string;
}

/** The cgroups that exist, by id: read once from the file system, then followed by the kernel's events. */
export class CgroupTable {
  readonly #paths = new Map<CgroupId, string>();
  /** Removed ones and when, oldest first: their last processes still name them. */
  readonly #removed = new Map<CgroupId, number>();

  /** Reads both hierarchies. Returns what no event has told: cgroups that are new, and that have gone. */
  async read(): Promise<{ made: Cgroup[]; gone: Cgroup[] }> {
    const unseen = new Map([...this.existing()].map((known) => [known.cgroup, known]));
    const made: Cgroup[] = [];
    for (const { directory, flag } of hierarchies()) {
      for await (const { path, inode } of walk(directory, '/')) {
        const cgroup = inode + flag;
        unseen.delete(cgroup);
        if (this.add(cgroup, path)) made.push({ cgroup, path });
      }
    }
    return { made, gone: [...unseen.values()] };
  }

  path(cgroup: CgroupId): string | undefined {
    return this.#paths.get(cgroup);
  }

  *existing(): Iterable<Cgroup> {
    for (const [cgroup, path] of this.#paths) if (!this.#removed.has(cgroup)) yield { cgroup, path };
  }

  get size(): number {
    return this.#paths.size - this.#removed.size;
  }

  /** False if it was known. */
  add(cgroup: CgroupId, path: string): boolean {
    const isNew = this.#paths.get(cgroup) !== path;
    if (isNew) this.#paths.set(cgroup, path);
    this.#removed.delete(cgroup);
    return isNew;
  }

  /** @param now milliseconds, never falling */
  remove(cgroup: CgroupId, now: number): void {
    if (this.#paths.has(cgroup)) this.#removed.set(cgroup, now);
  }

  /** Forgets what was removed before. */
  sweep(before: number): void {
    for (const [cgroup, removedAt] of this.#removed) {
      if (removedAt >= before) return;
      this.#removed.delete(cgroup);
      this.#paths.delete(cgroup);
    }
  }
}

/**
 * The systemd unit that a cgroup belongs to, as `ps -o unit` shows it: the first below the slices. Absent where another manager
 * made the cgroup.
 */
export function systemdUnit(path: string): string | undefined {
  for (const name of path.split('/')) {
    if (/\.(?:service|scope|socket|mount|swap)$/.test(name)) return unescapeUnit(name);
    if (name !== '' && !name.endsWith('.slice')) return undefined;
  }
  return undefined;
}

/** systemd puts `_` before a name that the kernel would read as one of its own files. */
function unescapeUnit(name: string): string {
  return name.startsWith('_') ? name.slice(1) : name;
}

function hierarchies(): { directory: string; flag: number }[] {
  const found = new Map<number, string>();
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [type, , options = ''] = after.split(' ');
    const mountPoint = before.split(' ')[4];
    if (mountPoint === undefined || !type?.startsWith('cgroup')) continue;
    const directory = mountPoint.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
    if (statSync(directory, { throwIfNoEntry: false })?.ino !== ROOT) continue;
    if (type === 'cgroup2' && !found.has(0)) found.set(0, directory);
    if (type === 'cgroup' && options.split(',').includes('memory') && !found.has(V1)) found.set(V1, directory);
  }
  return [...found].map(([flag, directory]) => ({ flag, directory }));
}

async function* walk(directory: string, path: string): AsyncIterable<{ path: string; inode: number }> {
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) return;
  yield { path, inode: stat.ino };
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) yield* walk(join(directory, entry.name), join(path, entry.name));
}
