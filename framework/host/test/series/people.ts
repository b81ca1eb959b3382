// SPDX-License-Identifier: Apache-2.0
import { EventEmitter } from 'eventemitter3';
import type { IdentityEvents, IdentityId, Labels } from '../../src/identity/types.ts';
import type { SeriesIdentity } from '../../src/series/store.ts';
import type { LabelSet, TableSnapshot, ViewSnapshot } from '../../src/series/types.ts';

/** Processes that live and die as a test says. */
export class People extends EventEmitter<IdentityEvents> implements SeriesIdentity {
  readonly holds = new Map<IdentityId, number>();
  readonly #labels = new Map<IdentityId, Labels>([[0, new Map([['host.name', 'n1']])]]);
  readonly #ended = new Set<IdentityId>();
  #last = 0;

  born(executable: string, pid = this.#last + 1): IdentityId {
    const id = ++this.#last;
    this.#label(id, executable, pid);
    return id;
  }

  relabelled(id: IdentityId, executable: string): void {
    this.#label(id, executable, Number(this.labels(id).get('process.pid')));
    this.emit('changed', id);
  }

  dies(id: IdentityId): void {
    this.#ended.add(id);
    this.emit('ended', id);
  }

  /** Forgets a process that nobody holds or will ask for. */
  buried(id: IdentityId): void {
    this.#labels.delete(id);
    this.#ended.delete(id);
  }

  labels(id: IdentityId): Labels {
    return this.#labels.get(id) ?? new Map();
  }

  ended(id: IdentityId): boolean {
    return this.#ended.has(id) || !this.#labels.has(id);
  }

  retain(id: IdentityId): void {
    this.holds.set(id, (this.holds.get(id) ?? 0) + 1);
  }

  release(id: IdentityId): void {
    const holds = this.holds.get(id)! - 1;
    if (holds < 0) throw new Error(`identity ${id} released more often than retained`);
    if (holds === 0) this.holds.delete(id);
    else this.holds.set(id, holds);
  }

  #label(id: IdentityId, executable: string, pid: number): void {
    this.#labels.set(
      id,
      new Map<string, string | number>([
        ['process.executable.name', executable],
        ['process.pid', pid],
      ]),
    );
  }
}

/** `a=1,b=2` */
export function text({ names, values }: LabelSet): string {
  return names
    .map((name, i) => [name.split('.').at(-1), values[i]])
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

export function tableOf(snapshot: ViewSnapshot, entity: string): TableSnapshot | undefined {
  return snapshot.tables.find(({ definition }) => definition.name === entity);
}

/** Labels → value of one numeric metric. */
export function numbers(snapshot: ViewSnapshot, entity: string, metric = 0): Record<string, number> {
  const table = tableOf(snapshot, entity);
  const found: Record<string, number> = {};
  for (let series = 0; table && series < table.size; series++) {
    const labels = table.labels[series];
    const value = (table.metrics[metric] as Float64Array)[series]!;
    if (!labels || Number.isNaN(value)) continue;
    if (text(labels) in found) throw new Error(`duplicate series ${text(labels)}`);
    found[text(labels)] = value;
  }
  return found;
}
