// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import type { EventEmitter } from 'eventemitter3';
import type { IdentityEvents } from '../identity/types.ts';
import { Clock } from './clock.ts';
import { sameName } from './labels.ts';
import { Loss, LOSS, Overflow, OVERFLOW_COUNT } from './ledgers.ts';
import { Refresher } from './refresher.ts';
import { SeriesView, viewKey } from './series-view.ts';
import { Table, type TableIdentity } from './table.ts';
import type {
  EntityDefinition,
  EntityTable,
  MetricDefinition,
  SeriesOptions,
  SeriesStore,
  SnapshotSource,
  View,
  ViewSpec,
} from './types.ts';

/** What the store needs of identity: a part of {@link Identity}. */
export type SeriesIdentity = TableIdentity & Pick<EventEmitter<IdentityEvents>, 'on' | 'off'>;

const DEFAULTS: Required<SeriesOptions> = {
  budget: 10_000,
  retention: 300_000,
  interval: 10_000,
  idle: 60_000,
  sourceTimeout: 5_000,
  groupOf: () => undefined,
};

/** Makes an empty store. It listens to identity until it is closed. */
export function createSeriesStore(identity: SeriesIdentity, options: SeriesOptions = {}): SeriesStore {
  return new Store(identity, { ...DEFAULTS, ...options });
}

class Store implements SeriesStore {
  readonly loss: Loss;
  readonly overflow: Overflow;
  readonly #identity: SeriesIdentity;
  readonly #options: Required<SeriesOptions>;
  readonly #clock = new Clock();
  readonly #refresher: Refresher;
  /** Every table, with those that a changed definition has replaced. */
  readonly #tables = new Set<Table>();
  readonly #current = new Map<string, Table>();
  readonly #views = new Map<string, SeriesView>();
  readonly #budgets = new Map<string, number>();
  readonly #failureListeners = new Set<(probe: string, error: unknown) => void>();

  constructor(identity: SeriesIdentity, options: Required<SeriesOptions>) {
    this.#identity = identity;
    this.#options = options;
    this.loss = new Loss(this.define(LOSS));
    this.overflow = new Overflow(this.define(OVERFLOW_COUNT));
    this.#refresher = new Refresher({
      interval: options.interval,
      sourceTimeout: options.sourceTimeout,
      failed: (probe, error) => this.#failureListeners.forEach((listener) => listener(probe, error)),
      done: () => this.#sweep(),
    });
    identity.on('ended', this.#onEnded);
    identity.on('changed', this.#onChanged);
  }

  define(definition: EntityDefinition): EntityTable {
    this.#check(definition);
    const key = `${definition.probe} ${definition.name}`;
    const current = this.#current.get(key);
    if (current && isSame(current.definition, definition)) return current;
    if (current) this.#retire(current, definition);
    const table = new Table(structuredClone(definition), {
      identity: this.#identity,
      groupOf: this.#options.groupOf,
      clock: this.#clock,
      overflowed: (probe) => this.overflow.add(probe, 1),
      invalid: (probe) => this.loss.add(probe, 'series', 'invalid', 1),
    });
    this.#current.set(key, table);
    this.#tables.add(table);
    for (const view of this.#views.values()) if (view.isRead) view.attach(table);
    return table;
  }

  view(spec: ViewSpec): View {
    const key = viewKey(spec);
    let view = this.#views.get(key);
    if (!view) {
      view = new SeriesView(spec, {
        clock: this.#clock,
        retention: this.#options.retention,
        idle: this.#options.idle,
        budget: (probe) => this.#budgets.get(probe) ?? this.#options.budget,
        demoted: (probe, n) => this.overflow.add(probe, n),
        tables: () => this.#tables,
      });
      this.#views.set(key, view);
    }
    return view;
  }

  addSource(probe: string, source: SnapshotSource): () => void {
    return this.#refresher.add(probe, source);
  }

  refresh(): Promise<number> {
    this.#clock.advance();
    return this.#refresher.refresh();
  }

  onSourceFailed(listener: (probe: string, error: unknown) => void): void {
    this.#failureListeners.add(listener);
  }

  setBudget(probe: string, series: number | undefined): void {
    if (series === undefined) this.#budgets.delete(probe);
    else this.#budgets.set(probe, series);
  }

  seriesCount(probe: string): number {
    return Math.max(0, ...Array.from(this.#views.values(), (view) => view.seriesCount(probe)));
  }

  start(): void {
    this.#refresher.start();
  }

  close(): void {
    this.#refresher.close();
    this.#identity.off('ended', this.#onEnded);
    this.#identity.off('changed', this.#onChanged);
  }

  readonly #onEnded = (id: number): void => {
    for (const table of this.#tables) table.processEnded(id);
  };

  readonly #onChanged = (id: number): void => {
    for (const table of this.#tables) table.relabel(id);
  };

  #sweep(): void {
    const now = this.#clock.advance();
    for (const table of this.#tables) table.sweep(now - this.#options.retention);
    for (const view of this.#views.values()) view.sweep();
    for (const table of this.#tables) if (this.#isGone(table)) this.#drop(table);
  }

  /** A replaced table whose last series was forgotten. */
  #isGone(table: Table): boolean {
    return !this.#isCurrent(table) && [...this.#views.values()].every((view) => view.isEmpty(table));
  }

  #isCurrent(table: Table): boolean {
    return this.#current.get(`${table.definition.probe} ${table.definition.name}`) === table;
  }

  /** The totals of a replaced table stay, unless the new metrics contradict them. */
  #retire(table: Table, by: EntityDefinition): void {
    table.endAll();
    const ofEntity = [...this.#tables].filter(
      ({ definition: { probe, name } }) => probe === by.probe && name === by.name,
    );
    for (const old of ofEntity) if (contradiction(old.definition, by)) this.#drop(old);
  }

  #drop(table: Table): void {
    for (const view of this.#views.values()) view.detach(table);
    this.#tables.delete(table);
  }

  #check(definition: EntityDefinition): void {
    checkAttributes(definition);
    for (const table of this.#current.values()) {
      const { probe, name } = table.definition;
      if (probe === definition.probe && name === definition.name) continue;
      const pair = contradiction(table.definition, definition);
      if (!pair) continue;
      const [theirs, metric] = pair;
      throw sondeError('SONDE_SERIES_CONFLICT', {
        subject: `metric '${metric.name}' of ${definition.probe}/${definition.name} (${describe(metric)})`,
        other: `that of ${probe}/${name} (${describe(theirs)})`,
      });
    }
  }
}

function checkAttributes({ probe, name, attributes }: EntityDefinition): void {
  const seen = new Map<string, string>();
  for (const attribute of attributes) {
    const other = seen.get(sameName(attribute));
    if (other !== undefined) {
      throw sondeError('SONDE_SERIES_CONFLICT', {
        subject: `attribute '${attribute}' of ${probe}/${name}`,
        other: `'${other}' of the same entity`,
      });
    }
    seen.set(sameName(attribute), attribute);
  }
}

/** Two metrics of one name that are not of one kind. */
function contradiction(a: EntityDefinition, b: EntityDefinition): [MetricDefinition, MetricDefinition] | undefined {
  for (const mine of a.metrics) {
    const theirs = b.metrics.find((metric) => sameName(metric.name) === sameName(mine.name));
    if (theirs && kindOf(mine) !== kindOf(theirs)) return [mine, theirs];
  }
  return undefined;
}

function kindOf({ type, unit, histogram }: MetricDefinition): string {
  return JSON.stringify([
    type,
    unit,
    type === 'histogram' ? [histogram?.scale, histogram?.offset, histogram?.slots] : 0,
  ]);
}

function describe({ type, unit }: MetricDefinition): string {
  return unit ? `${type}, unit ${unit}` : `${type}, no unit`;
}

function isSame(a: EntityDefinition, b: EntityDefinition): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
