// SPDX-License-Identifier: Apache-2.0
import { sondeError, type Entity, type ProcfsSource as ProcfsDeclaration, type SondeError } from '@sonde/kit';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { EntityTable } from '../series/types.ts';
import { procfsParser, type ProcfsParser, type ProcfsRecord } from './formats.ts';
import { ProcfsRows } from './procfs-rows.ts';
import type { ProcfsServices, ProcfsSource, WatchedProcess } from './types.ts';

/** How long files are read before the event loop gets its turn, ms. */
const SLICE = 4;
const NANOSECONDS = 1e9;

/** An entity of a manifest with the source `procfs`. Totals count from its first snapshot on. */
export function compileProcfsSource(
  entity: Entity & { source: ProcfsDeclaration },
  table: EntityTable,
  services: ProcfsServices,
): ProcfsSource {
  return new Source(entity, table, services);
}

class Source implements ProcfsSource {
  readonly #entity: Entity & { source: ProcfsDeclaration };
  readonly #name: string;
  readonly #services: ProcfsServices;
  readonly #root: string;
  readonly #parse: ProcfsParser;
  readonly #rows: ProcfsRows;
  readonly #began: number;
  readonly #fields: readonly (readonly [metric: string, field: string])[];
  #isFirst = true;
  #problems = new Map<string, SondeError>();

  constructor(entity: Entity & { source: ProcfsDeclaration }, table: EntityTable, services: ProcfsServices) {
    this.#entity = entity;
    this.#name = table.definition.name;
    this.#services = services;
    this.#root = services.root ?? '/proc';
    this.#parse = procfsParser(entity.source);
    this.#rows = new ProcfsRows(entity, table);
    this.#fields = Object.entries(entity.metrics).map(([metric, { value }]) => [metric, String(value)] as const);
    this.#began = nanosecondsSinceBoot();
  }

  get problems(): readonly SondeError[] {
    return [...this.#problems.values()];
  }

  async snapshot(): Promise<void> {
    this.#rows.begin();
    const { procfs } = this.#entity.source;
    if (procfs.includes('{pid}')) await this.#readProcesses();
    else if (procfs.includes('{netns}')) await this.#readNamespaces();
    else this.#readOne();
    this.#rows.finish();
    this.#isFirst = false;
  }

  close(): void {
    this.#rows.begin();
    this.#rows.finish();
  }

  #readOne(): void {
    const file = join(this.#root, this.#entity.source.procfs);
    const records = this.#read(file);
    if (records instanceof Error) {
      this.#problems.set(
        '',
        sondeError('SONDE_PROCFS_UNREADABLE', { file, reason: records.message, entity: this.#name }),
      );
      return;
    }
    this.#problems.delete('');
    this.#checkFields(file, records);
    this.#rows.apply(records, 0, !this.#isFirst);
  }

  async #readProcesses(): Promise<void> {
    await this.#eachProcess(({ id, pid, start }) => {
      const records = this.#read(this.#fileOf('{pid}', pid));
      // A process may end before its file is read.
      if (!(records instanceof Error)) this.#rows.apply(records, id, start > this.#began);
    });
  }

  /** One that is first seen later than the source began is taken for new. */
  async #readNamespaces(): Promise<void> {
    const seen = new Set<number>();
    await this.#eachProcess(({ pid }) => {
      const netns = this.#networkNamespace(pid);
      if (netns === undefined || seen.has(netns)) return;
      const file = this.#fileOf('{netns}', pid);
      const records = this.#read(file);
      if (records instanceof Error) return;
      seen.add(netns);
      this.#checkFields(file, records);
      this.#rows.apply(records.map((record) => new Map([...record, ['netns', String(netns)]])), 0, !this.#isFirst);
    });
  }

  async #eachProcess(visit: (process: WatchedProcess) => void): Promise<void> {
    let sliceEnd = performance.now() + SLICE;
    for (const process of this.#services.watched()) {
      visit(process);
      if (performance.now() < sliceEnd) continue;
      await turn();
      sliceEnd = performance.now() + SLICE;
    }
  }

  #fileOf(placeholder: string, pid: number): string {
    return join(this.#root, this.#entity.source.procfs.replaceAll(placeholder, String(pid)));
  }

  /** Inode number; undefined if the process has ended. */
  #networkNamespace(pid: number): number | undefined {
    try {
      return statSync(join(this.#root, String(pid), 'ns/net')).ino;
    } catch {
      return undefined;
    }
  }

  #read(file: string): ProcfsRecord[] | Error {
    try {
      return this.#parse(readFileSync(file, 'latin1'));
    } catch (thrown) {
      return thrown as Error;
    }
  }

  #checkFields(file: string, records: readonly ProcfsRecord[]): void {
    for (const [metric, field] of this.#fields) {
      if (records.length === 0 || records.some((record) => record.has(field))) this.#problems.delete(metric);
      else this.#problems.set(metric, sondeError('SONDE_PROCFS_FIELD', { file, field, metric }));
    }
  }
}

function nanosecondsSinceBoot(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * NANOSECONDS;
}
