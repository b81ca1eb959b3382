// SPDX-License-Identifier: Apache-2.0
import { ENDED, KERNEL_THREAD, KNOWN, type ProcessTable } from './process-table.ts';
import type { CgroupId, IdentityId, ProcessFacts } from './types.ts';

/** A process of the table. Made for every start and end, so what costs more than a look at a column waits until asked for. */
export class TableFacts implements ProcessFacts {
  readonly id: IdentityId;
  readonly pid: number;
  readonly execId: number;
  readonly start: number;
  readonly known: boolean;
  readonly ended: boolean;
  readonly kernelThread: boolean;
  readonly parentPid?: number;
  readonly namespacePid?: number;
  readonly userId?: number;
  readonly comm?: string;
  readonly executable?: string;
  readonly commandLine?: string;
  readonly cgroup?: CgroupId;
  readonly #table: ProcessTable;

  constructor(table: ProcessTable, id: IdentityId) {
    this.#table = table;
    this.id = id;
    this.pid = table.tgid[id]!;
    this.execId = table.execId[id]!;
    this.start = table.start[id]!;
    this.known = table.is(id, KNOWN);
    this.ended = table.is(id, ENDED);
    this.kernelThread = table.is(id, KERNEL_THREAD);
    if (!this.known) return;
    this.parentPid = table.parentPid[id]!;
    this.namespacePid = table.namespacePid[id]!;
    this.userId = table.userId[id]!;
    this.comm = table.comm[id];
    this.executable = table.executable[id];
    this.commandLine = table.commandLine[id];
    this.cgroup = table.cgroup[id]!;
  }

  get parent(): IdentityId | undefined {
    return this.parentPid === undefined ? undefined : this.#table.holder(this.parentPid, this.start) || undefined;
  }

  get command(): string | undefined {
    return this.commandLine?.slice(0, this.#table.commandLength[this.id]);
  }
}
