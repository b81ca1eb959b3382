// SPDX-License-Identifier: Apache-2.0
import type { Identity, IdentityId } from '../identity/types.ts';
import type { Clock } from './clock.ts';
import { GaugeColumn } from './gauges.ts';
import { grown } from './grow.ts';
import { keyOf } from './labels.ts';
import { Rows } from './rows.ts';
import { OVERFLOW, type SeriesSet } from './series-set.ts';
import type { EntityDefinition, EntityTable, Exemplar, Group, HistogramDelta } from './types.ts';

/** What a table needs of identity: a part of {@link Identity}. */
export type TableIdentity = Pick<Identity, 'labels' | 'ended' | 'retain' | 'release'>;

export interface TableServices {
  identity: TableIdentity;
  groupOf(process: IdentityId): Group | undefined;
  clock: Clock;
  /** A row's labels had no place in some view. */
  overflowed(probe: string): void;
  /** A counter's difference was negative or not a number. */
  invalid(probe: string): void;
}

/**
 * See {@link EntityTable}. Counts go through to the series of each view at once; gauges wait by row until somebody
 * reads.
 */
export class Table implements EntityTable {
  readonly definition: EntityDefinition;
  readonly overflow: number;
  readonly rows = new Rows();
  readonly identity: TableIdentity;
  readonly groupOf: (process: IdentityId) => Group | undefined;
  /** By metric; undefined where it is no gauge. */
  readonly gauges: readonly (GaugeColumn | undefined)[];
  readonly #services: TableServices;
  readonly #isCounter: readonly boolean[];
  readonly #sets: SeriesSet[] = [];
  /** Rows that were asked for by labels. */
  readonly #shared = new Map<string, number>();
  /** By row: when a shared row was last asked for. */
  #asked = new Float64Array(0);
  /** Shared rows whose process has ended. */
  #leaving: number[] = [];

  constructor(definition: EntityDefinition, services: TableServices) {
    this.definition = definition;
    this.#services = services;
    this.identity = services.identity;
    this.groupOf = services.groupOf;
    this.gauges = definition.metrics.map((metric) =>
      metric.type === 'gauge' ? new GaugeColumn(metric.fold) : undefined,
    );
    this.#isCounter = definition.metrics.map((metric) => metric.type === 'counter');
    this.overflow = this.#newRow(0, [], false);
  }

  get size(): number {
    return this.rows.size - 1;
  }

  open(identity: IdentityId, attributes: readonly string[]): number {
    return this.#newRow(identity, attributes, false);
  }

  row(identity: IdentityId, attributes: readonly string[]): number {
    const key = sharedKey(identity, attributes);
    let row = this.#shared.get(key);
    if (row === undefined) {
      row = this.#newRow(identity, attributes, true);
      this.#shared.set(key, row);
    }
    this.#asked[row] = this.#services.clock.now;
    return row;
  }

  add(row: number, metric: number, delta: number): void {
    if (this.#isCounter[metric] ? !(delta >= 0) : Number.isNaN(delta)) {
      this.#services.invalid(this.definition.probe);
      return;
    }
    let labelled = true;
    for (const set of this.#sets) if (set.add(row, metric, delta) === OVERFLOW) labelled = false;
    if (!labelled) this.#countOverflow(row);
  }

  addHistogram(row: number, metric: number, delta: HistogramDelta): void {
    let labelled = true;
    for (const set of this.#sets) if (set.addHistogram(row, metric, delta) === OVERFLOW) labelled = false;
    if (!labelled) this.#countOverflow(row);
  }

  addExemplar(row: number, metric: number, exemplar: Exemplar): void {
    for (const set of this.#sets) set.addExemplar(row, metric, exemplar);
  }

  set(row: number, metric: number, value: number): void {
    this.gauges[metric]!.set(row, value);
    let labelled = true;
    for (const set of this.#sets) if (set.touch(row) === OVERFLOW) labelled = false;
    if (!labelled) this.#countOverflow(row);
  }

  end(row: number): void {
    if (row === this.overflow || !this.rows.isUsed(row)) return;
    const identity = this.rows.identity(row);
    if (this.rows.isShared(row)) this.#shared.delete(sharedKey(identity, this.rows.attributes(row)));
    for (const gauge of this.gauges) gauge?.set(row, NaN);
    for (const set of this.#sets) set.unmap(row);
    this.rows.remove(row);
    if (identity !== 0) this.identity.release(identity);
  }

  endAll(): void {
    for (let row = 0; row < this.rows.high; row++) this.end(row);
    for (const gauge of this.gauges) gauge?.set(this.overflow, NaN);
  }

  /** A view wants this table's series. */
  attach(set: SeriesSet): void {
    set.reserveRows(this.rows.capacity);
    this.#sets.push(set);
  }

  detach(set: SeriesSet): void {
    this.#sets.splice(this.#sets.indexOf(set), 1);
  }

  /** The labels of a process differ from now on: its rows go to other series. */
  relabel(identity: IdentityId): void {
    for (const row of this.rows.of(identity)) for (const set of this.#sets) set.unmap(row);
  }

  processEnded(identity: IdentityId): void {
    for (const row of this.rows.of(identity)) {
      this.rows.markEnded(row);
      if (this.rows.isShared(row)) this.#leaving.push(row);
    }
  }

  /** Frees shared rows of processes that ended, and those nobody asked for since `idleSince`. */
  sweep(idleSince: number): void {
    const leaving = this.#leaving;
    this.#leaving = [];
    for (const row of leaving) if (this.rows.isShared(row) && !this.rows.isLive(row)) this.end(row);
    if (this.definition.mortal) return;
    for (const row of this.#shared.values()) if (this.#asked[row]! < idleSince && !this.#hasGauge(row)) this.end(row);
  }

  #hasGauge(row: number): boolean {
    return this.gauges.some((gauge) => gauge?.has(row));
  }

  #newRow(identity: IdentityId, attributes: readonly string[], shared: boolean): number {
    const row = this.rows.add(identity, attributes, shared);
    if (this.rows.capacity > this.#asked.length) this.#reserve(this.rows.capacity);
    if (identity === 0) return row;
    this.identity.retain(identity);
    if (this.identity.ended(identity)) {
      this.rows.markEnded(row);
      if (shared) this.#leaving.push(row);
    }
    return row;
  }

  #reserve(capacity: number): void {
    this.#asked = grown(this.#asked, capacity);
    for (const gauge of this.gauges) gauge?.reserve(capacity);
    for (const set of this.#sets) set.reserveRows(capacity);
  }

  #countOverflow(row: number): void {
    if (row !== this.overflow) this.#services.overflowed(this.definition.probe);
  }
}

function sharedKey(identity: IdentityId, attributes: readonly string[]): string {
  return `${identity} ${keyOf(attributes)}`;
}
