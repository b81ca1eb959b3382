// SPDX-License-Identifier: Apache-2.0
import type { EventEmitter } from 'eventemitter3';
import type { CgroupTable } from './cgroup-table.ts';
import { commandLine } from './command-line.ts';
import { type Birth, ENDED, KERNEL_THREAD, KNOWN, type ProcessTable } from './process-table.ts';
import type { ProcessKey, Program, RecordSink } from './records.ts';
import type { CgroupId, IdentityEvents, IdentityId } from './types.ts';

/**
 * Makes processes of the kernel's records. Records of the walk and of the ring may overlap in any order: a process that ended
 * never lives again, and of those with one pid only the latest lives.
 */
export class ProcessTracker implements RecordSink {
  readonly #table: ProcessTable;
  readonly #cgroups: CgroupTable;
  readonly #events: EventEmitter<IdentityEvents>;
  /** Number of the walk under way, or of the last one. */
  walk = 0;
  started = 0;
  ended = 0;
  /** Living ones of which no record told, as far as is known: another walk would. */
  readonly missing = new Set<IdentityId>();

  constructor(table: ProcessTable, cgroups: CgroupTable, events: EventEmitter<IdentityEvents>) {
    this.#table = table;
    this.#cgroups = cgroups;
    this.#events = events;
  }

  /** The identity of a key that somebody names; interned. */
  named(process: ProcessKey): IdentityId {
    const { tgid, execId, start } = process;
    const found = this.#table.find(tgid, execId, start);
    if (found !== 0) return found;
    const id = this.#insert(process);
    if (this.#table.isSuperseded(id)) this.end(id);
    else this.missing.add(id);
    return id;
  }

  fork(process: ProcessKey, birth: Birth, parent: ProcessKey): void {
    const table = this.#table;
    const id = this.#seen(process);
    if (table.is(id, KNOWN)) return;
    this.#setBirth(id, birth);
    const from = table.find(parent.tgid, parent.execId, parent.start);
    if (table.is(from, KNOWN)) {
      table.executable[id] = table.executable[from];
      table.commandLine[id] = table.commandLine[from];
      table.commandLength[id] = table.commandLength[from]!;
    } else if (!birth.kernelThread) {
      this.missing.add(id);
      return;
    }
    this.#known(id);
  }

  exec(process: ProcessKey, birth: Birth, { executable, command, commandCut }: Program): void {
    const table = this.#table;
    const id = this.#seen(process);
    if (command !== undefined) this.setCommand(id, command, commandCut);
    if (table.is(id, KNOWN)) return;
    this.#setBirth(id, birth);
    table.executable[id] = executable || undefined;
    this.#known(id);
  }

  exit(process: ProcessKey): void {
    const id = this.#seen(process);
    if (!this.#table.is(id, ENDED)) this.end(id);
  }

  cgroupMoved({ tgid, execId, start }: ProcessKey, cgroup: CgroupId): void {
    const id = this.#table.find(tgid, execId, start);
    if (id === 0 || this.#table.cgroup[id] === cgroup) return;
    this.#table.cgroup[id] = cgroup;
    this.changed(id);
  }

  cgroupMade(cgroup: CgroupId, path: string): void {
    if (this.#cgroups.add(cgroup, path)) this.#events.emit('cgroupCreated', cgroup, path);
  }

  cgroupRemoved(cgroup: CgroupId, path: string): void {
    this.#cgroups.remove(cgroup, performance.now());
    this.#events.emit('cgroupRemoved', cgroup, path);
  }

  /** Sets the command line, secrets masked. */
  setCommand(id: IdentityId, text: string, cut: boolean): void {
    const { line, commandLength } = commandLine(text, cut);
    this.#table.commandLine[id] = line || undefined;
    this.#table.commandLength[id] = commandLength;
  }

  changed(id: IdentityId): void {
    this.#table.labels[id] = undefined;
    this.#events.emit('changed', id);
  }

  end(id: IdentityId): void {
    this.#table.end(id, performance.now());
    this.missing.delete(id);
    this.ended++;
    this.#events.emit('ended', id);
  }

  /** Ends all that the walk should have met and did not. */
  endUnseen(): void {
    for (const id of [...this.#table.liveIds()]) if (this.#table.walk[id] !== this.walk) this.end(id);
  }

  #seen(process: ProcessKey): IdentityId {
    const id = this.#table.find(process.tgid, process.execId, process.start) || this.#insert(process);
    this.#table.walk[id] = this.walk;
    for (const other of this.#table.supersededBy(id)) this.end(other);
    return id;
  }

  #insert({ tgid, execId, start }: ProcessKey): IdentityId {
    const id = this.#table.insert(tgid, execId, start);
    this.#table.walk[id] = this.walk;
    return id;
  }

  #setBirth(id: IdentityId, birth: Birth): void {
    const table = this.#table;
    table.parentPid[id] = birth.parentPid;
    table.namespacePid[id] = birth.namespacePid;
    table.userId[id] = birth.userId;
    table.cgroup[id] = birth.cgroup;
    table.comm[id] = birth.comm;
    if (birth.kernelThread) table.flags[id]! |= KERNEL_THREAD;
  }

  #known(id: IdentityId): void {
    const table = this.#table;
    table.flags[id]! |= KNOWN;
    this.missing.delete(id);
    this.started++;
    if (!table.is(id, ENDED) && table.isSuperseded(id)) this.end(id);
    if (!table.is(id, ENDED)) this.#events.emit('started', id);
    if (table.labels[id] !== undefined) this.changed(id);
  }
}
