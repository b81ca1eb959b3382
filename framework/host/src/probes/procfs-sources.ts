// SPDX-License-Identifier: Apache-2.0
import type { Entity, ProcfsSource as ProcfsDeclaration } from '@sonde/kit';
import { compileProcfsSource, type ProcfsSource, type WatchedProcess } from '../procfs/index.ts';
import type { ProbePackage } from '../packages/types.ts';
import { entityDefinition } from './entity-definition.ts';
import type { RunSettings, SourceServices } from './services.ts';

type FromProcfs = Entity & { source: ProcfsDeclaration };

/** The text files under /proc that a manifest reads; one is open while a collector of its metrics is on. */
export class ProcfsSources {
  readonly #probe: string;
  readonly #declared: readonly [string, FromProcfs][];
  readonly #services: SourceServices;
  readonly #open = new Map<string, ProcfsSource>();

  constructor({ manifest }: ProbePackage, settings: RunSettings, services: SourceServices) {
    this.#probe = manifest.name;
    this.#declared = Object.entries(manifest.entities ?? {}).filter((entry): entry is [string, FromProcfs] => 'procfs' in entry[1].source);
    this.#services = services;
    this.follow(settings.collectors);
  }

  follow(collectors: ReadonlySet<string>): void {
    for (const [name, entity] of this.#declared) {
      const isOn = Object.values(entity.metrics).some(({ collector }) => collector === undefined || collectors.has(collector));
      if (isOn && !this.#open.has(name)) this.#open.set(name, this.#source(name, entity));
      if (!isOn) this.#close(name);
    }
  }

  async snapshot(): Promise<void> {
    await Promise.all([...this.#open.values()].map((source) => source.snapshot()));
  }

  get missing(): string[] {
    return [...this.#open.values()].flatMap(({ problems }) => problems.map((problem) => problem.message));
  }

  close(): void {
    for (const name of this.#open.keys()) this.#close(name);
  }

  #source(name: string, entity: FromProcfs): ProcfsSource {
    const { store } = this.#services;
    const table = store.define(entityDefinition(this.#probe, name, entity));
    return compileProcfsSource(entity, table, { watched: () => this.#watched() });
  }

  *#watched(): Iterable<WatchedProcess> {
    const { identity, targets } = this.#services;
    for (const id of targets.watched(this.#probe)) {
      const facts = identity.facts(id);
      if (facts) yield { id, pid: facts.pid, start: facts.start };
    }
  }

  #close(name: string): void {
    this.#open.get(name)?.close();
    this.#open.delete(name);
  }
}
