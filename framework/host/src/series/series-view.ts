// SPDX-License-Identifier: Apache-2.0
import { SeriesBudget } from './budget.ts';
import type { Clock } from './clock.ts';
import { labelPicker, type LabelPicker } from './labels.ts';
import { relabelling } from './relabel.ts';
import { compileRelabelling } from './relabel-steps.ts';
import { SeriesSet } from './series-set.ts';
import type { Table } from './table.ts';
import type { EntityDefinition, LabelSpec, View, ViewReader, ViewSnapshot, ViewSpec } from './types.ts';

export interface ViewServices {
  clock: Clock;
  retention: number;
  idle: number;
  budget(probe: string): number;
  demoted(probe: string, n: number): void;
  /** The tables there are. */
  tables(): Iterable<Table>;
}

/** See {@link View}. Has series only while somebody reads it. */
export class SeriesView implements View {
  readonly spec: ViewSpec;
  readonly #services: ViewServices;
  readonly #readers = new Set<Reader>();
  readonly #sets = new Map<Table, SeriesSet>();
  readonly #budgets = new Map<string, SeriesBudget>();

  constructor(spec: ViewSpec, services: ViewServices) {
    this.spec = spec;
    this.#services = services;
  }

  reader(options: { acknowledges?: boolean } = {}): ViewReader {
    if (this.#readers.size === 0) for (const table of this.#services.tables()) this.attach(table);
    const reader = new Reader(this, options.acknowledges ?? false);
    this.#readers.add(reader);
    return reader;
  }

  close(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) for (const table of [...this.#sets.keys()]) this.detach(table);
  }

  get isRead(): boolean {
    return this.#readers.size > 0;
  }

  attach(table: Table): void {
    const { probe } = table.definition;
    const budget = this.#budget(probe);
    const picker = pickerOf(this.spec, table.definition);
    const set = new SeriesSet(table, picker, this.#services.clock, budget);
    this.#sets.set(table, set);
    budget.sets.add(set);
    table.attach(set);
  }

  detach(table: Table): void {
    const set = this.#sets.get(table);
    if (!set) return;
    table.detach(set);
    set.close();
    this.#sets.delete(table);
    this.#budget(table.definition.probe).sets.delete(set);
  }

  isEmpty(table: Table): boolean {
    return this.#sets.get(table)?.isEmpty ?? true;
  }

  seriesCount(probe: string): number {
    return this.#budgets.get(probe)?.used ?? 0;
  }

  /** @param delivered stamp up to which the reader has everything already */
  snapshot(delivered: number): ViewSnapshot {
    const tables = Array.from(this.#sets.values(), (set) => set.snapshot(delivered)).filter(({ labels }) =>
      labels.some(Boolean),
    );
    const stamp = this.#services.clock.now;
    this.#services.clock.advance();
    return { time: Date.now(), stamp, tables };
  }

  sweep(): void {
    const seenFrom = this.#services.clock.now - this.#services.retention;
    const readers = [...this.#readers];
    const mayForget = (endedAt: number, changedAt: number): boolean => {
      const last = Math.max(endedAt, changedAt);
      return readers.every((reader) => last <= (reader.acknowledges ? reader.acknowledged : seenFrom));
    };
    for (const set of this.#sets.values()) set.sweep(mayForget);
  }

  #budget(probe: string): SeriesBudget {
    const { budget, idle, clock, demoted } = this.#services;
    let known = this.#budgets.get(probe);
    if (!known) {
      known = new SeriesBudget(
        () => budget(probe),
        idle,
        clock,
        (n) => demoted(probe, n),
      );
      this.#budgets.set(probe, known);
    }
    return known;
  }
}

class Reader implements ViewReader {
  readonly acknowledges: boolean;
  /** Stamp up to which everything was delivered. */
  acknowledged = -Infinity;
  readonly #view: SeriesView;

  constructor(view: SeriesView, acknowledges: boolean) {
    this.#view = view;
    this.acknowledges = acknowledges;
  }

  get spec(): ViewSpec {
    return this.#view.spec;
  }

  snapshot(): ViewSnapshot {
    return this.#view.snapshot(this.acknowledged);
  }

  acknowledge(snapshot: ViewSnapshot): void {
    this.acknowledged = Math.max(this.acknowledged, snapshot.stamp);
  }

  close(): void {
    this.#view.close(this);
  }
}

/** Equal for equal choices. */
export function viewKey(spec: ViewSpec): string {
  const probes = Object.entries(spec.probes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([spec.identity, spec.attributes ?? 'all', spec.constants ?? {}, spec.relabel ?? [], probes]);
}

function pickerOf(spec: ViewSpec, { probe, name, attributes: own }: EntityDefinition): LabelPicker {
  const { identity, attributes = 'all', constants, relabel = [] } = spec;
  const chosen: LabelSpec = { identity, attributes, ...(constants && { constants }), ...spec.probes?.[probe] };
  const picker = labelPicker(chosen, own);
  const steps = relabel.filter(({ probes }) => probes === undefined || probes.includes(probe));
  if (steps.length === 0 && !chosen.constants) return picker;
  return relabelling(picker, compileRelabelling(chosen.constants ?? {}, steps), own, { probe, entity: name });
}
