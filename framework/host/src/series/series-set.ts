// SPDX-License-Identifier: Apache-2.0
import type { Clock } from './clock.ts';
import { Exemplars } from './exemplars.ts';
import { capacityFor, grown } from './grow.ts';
import { HistogramPages } from './histogram-pages.ts';
import { OVERFLOW_LABELS, type LabelPicker } from './labels.ts';
import { NumberColumn } from './numbers.ts';
import { rescale } from './scale.ts';
import type { SeriesBudget } from './budget.ts';
import type { Table } from './table.ts';
import type { Exemplar, Group, HistogramColumn, HistogramDelta, LabelSet, TableSnapshot } from './types.ts';

/** The series for what found no place. */
export const OVERFLOW = 0;
/** {@link TableSnapshot.ended} */
const [ENDED, DONE] = [1, 2];
/** A row that must look for its series first. */
const UNMAPPED = -1;
/** A row that a rule leaves out. */
const DROPPED = -2;

/** When a series that has ended may be forgotten. */
export type Forgettable = (endedAt: number, changedAt: number) => boolean;

/** The series of one table under one choice of labels: the totals. */
export class SeriesSet {
  readonly #table: Table;
  readonly #clock: Clock;
  readonly #budget: SeriesBudget;
  readonly #picker: LabelPicker;
  readonly #namesMortal: boolean;
  /** By row. */
  #seriesOf = new Int32Array(0);
  /** By label key. */
  readonly #index = new Map<string, number>();
  readonly #free: number[] = [];
  #size = 1;
  #capacity = 0;
  /** By series, as all that follows. */
  readonly #keys: string[] = [''];
  readonly #labels: (LabelSet | undefined)[] = [undefined];
  #created = new Float64Array(0);
  #identities = new Uint32Array(0);
  /** The container that it was last resolved from, where its labels name one. */
  readonly #groups: (Group | undefined)[] = [];
  /** Stamps of the last change, and of the end of what the labels name (0 = lives). */
  #changed = new Float64Array(0);
  #ended = new Float64Array(0);
  /** By metric: totals; undefined for gauges, which are folded on reading. */
  readonly #numbers: readonly (NumberColumn | undefined)[];
  readonly #histograms: readonly (HistogramPages | undefined)[];
  /** Both together. */
  readonly #columns: readonly (NumberColumn | HistogramPages)[];
  readonly #exemplars: Exemplars;

  constructor(table: Table, picker: LabelPicker, clock: Clock, budget: SeriesBudget) {
    this.#table = table;
    this.#clock = clock;
    this.#budget = budget;
    const { metrics, mortal } = table.definition;
    this.#picker = picker;
    this.#namesMortal = mortal === true && this.#picker.namesEntity;
    const isNumber = (type: string): boolean => type === 'counter' || type === 'updowncounter';
    this.#numbers = metrics.map((metric) => (isNumber(metric.type) ? new NumberColumn(metric.scale) : undefined));
    this.#histograms = metrics.map((metric) =>
      metric.type === 'histogram' ? new HistogramPages(metric.histogram) : undefined,
    );
    this.#columns = [...this.#numbers, ...this.#histograms].filter((column) => column !== undefined);
    this.#exemplars = new Exemplars(metrics);
    this.#reserve(16);
  }

  /** Series in use, the overflow series not counted. */
  get used(): number {
    return this.#size - 1 - this.#free.length;
  }

  get isEmpty(): boolean {
    return this.used === 0 && this.#labels[OVERFLOW] === undefined;
  }

  reserveRows(capacity: number): void {
    if (capacity > this.#seriesOf.length) this.#seriesOf = grown(this.#seriesOf, capacity, UNMAPPED);
  }

  /** Adds and says to which series; to none (negative) if a rule leaves it out. */
  add(row: number, metric: number, delta: number): number {
    const series = this.touch(row);
    if (series === DROPPED) return series;
    this.#numbers[metric]!.add(series, delta);
    return series;
  }

  addHistogram(row: number, metric: number, delta: HistogramDelta): number {
    const series = this.touch(row);
    if (series === DROPPED) return series;
    this.#histograms[metric]!.add(series, delta);
    return series;
  }

  addExemplar(row: number, metric: number, exemplar: Exemplar): void {
    const series = this.#seriesFor(row);
    if (series !== DROPPED) this.#exemplars.add(series, metric, exemplar);
  }

  /** The series of a row, which changes now. */
  touch(row: number): number {
    const series = this.#seriesFor(row);
    if (series !== DROPPED) this.#changed[series] = this.#clock.now;
    return series;
  }

  /** The row looks for its series again when it next has something to say. */
  unmap(row: number): void {
    this.#seriesOf[row] = UNMAPPED;
  }

  /** @param delivered stamp up to which the reader has everything already */
  snapshot(delivered: number): TableSnapshot {
    this.#mapGauges();
    const size = this.#size;
    return {
      definition: this.#table.definition,
      size,
      labels: this.#labels.slice(),
      created: this.#created.slice(0, size),
      identities: this.#identities.slice(0, size),
      ended: this.#endedFlags(delivered),
      metrics: this.#table.definition.metrics.map((_, metric) => this.#copy(metric)),
      exemplars: this.#exemplars.snapshot(),
    };
  }

  /**
   * Marks what has ended, forgets what may be forgotten, and lets rows out of the overflow series where there is room.
   */
  sweep(mayForget: Forgettable): void {
    if (this.#picker.namesProcess || this.#picker.namesGroup || this.#namesMortal) {
      this.#markEnded();
      this.#remove(
        this.#select((series) => this.#ended[series]! > 0 && mayForget(this.#ended[series]!, this.#changed[series]!)),
      );
    }
    if (this.#labels[OVERFLOW]) this.#promote();
  }

  /** Series that did not change since `before`, with the stamp of their last change. */
  *idle(before: number): Generator<{ set: SeriesSet; series: number; changed: number }> {
    for (let series = 1; series < this.#size; series++) {
      const changed = this.#changed[series]!;
      if (this.#labels[series] && changed < before) yield { set: this, series, changed };
    }
  }

  /** Adds these series to the overflow series; their rows stay there until there is room. */
  demote(demoted: ReadonlySet<number>): void {
    this.#useOverflow();
    for (const series of demoted) {
      for (const column of this.#columns) column.move(series, OVERFLOW);
      this.#exemplars.move(series, OVERFLOW);
    }
    this.#remove(demoted, OVERFLOW);
  }

  /** Lets go of everything, as its view is closed. */
  close(): void {
    this.#remove(this.#select(() => true));
  }

  #seriesFor(row: number): number {
    const known = this.#seriesOf[row]!;
    return known === UNMAPPED ? this.#map(row) : known;
  }

  #map(row: number): number {
    const series = row === this.#table.overflow ? this.#useOverflow() : this.#find(row);
    this.#seriesOf[row] = series;
    return series;
  }

  #find(row: number): number {
    const { rows, identity: identities } = this.#table;
    const identity = rows.identity(row);
    this.#picker.pick(identities.labels(identity), rows.attributes(row));
    if (this.#picker.isDropped) return DROPPED;
    const found = this.#index.get(this.#picker.key);
    if (found === undefined && !this.#budget.admit()) return this.#useOverflow();
    const series = found ?? this.#create();
    this.#own(series, identity);
    return series;
  }

  #create(): number {
    const series = this.#free.pop() ?? this.#size++;
    if (series >= this.#capacity) this.#reserve(capacityFor(series + 1, this.#capacity));
    this.#budget.used++;
    this.#keys[series] = this.#picker.key;
    this.#labels[series] = this.#picker.labels();
    this.#index.set(this.#picker.key, series);
    this.#created[series] = Date.now();
    this.#changed[series] = this.#clock.now;
    return series;
  }

  /** The series stands for this identity from now on: it has not ended, unless the identity has. */
  #own(series: number, identity: number): void {
    this.#ended[series] = 0;
    const former = this.#identities[series]!;
    if (this.#picker.namesGroup) this.#groups[series] = identity === 0 ? undefined : this.#table.groupOf(identity);
    if (former === identity) return;
    this.#identities[series] = identity;
    if (!this.#picker.namesProcess) return;
    if (identity !== 0) this.#table.identity.retain(identity);
    if (former !== 0) this.#table.identity.release(former);
  }

  #useOverflow(): number {
    if (!this.#labels[OVERFLOW]) {
      this.#labels[OVERFLOW] = OVERFLOW_LABELS;
      this.#created[OVERFLOW] = Date.now();
    }
    return OVERFLOW;
  }

  #endedFlags(delivered: number): Uint8Array {
    const flags = new Uint8Array(this.#size);
    for (let series = 0; series < flags.length; series++) {
      const ended = this.#ended[series]!;
      if (ended > 0) flags[series] = Math.max(ended, this.#changed[series]!) <= delivered ? DONE : ENDED;
    }
    return flags;
  }

  #copy(metric: number): Float64Array | HistogramColumn {
    const gauge = this.#table.gauges[metric];
    const { scale } = this.#table.definition.metrics[metric]!;
    const { rows } = this.#table;
    if (gauge) {
      const seriesOf = (row: number): number => (rows.isLive(row) ? this.#seriesOf[row]! : UNMAPPED);
      return rescale(gauge.foldInto(this.#size, rows.high, seriesOf), scale);
    }
    return (this.#numbers[metric] ?? this.#histograms[metric])!.snapshot(this.#size);
  }

  /** Every row with a gauge finds its series before the columns are copied, since that may make and demote series. */
  #mapGauges(): void {
    const { rows, gauges } = this.#table;
    for (const gauge of gauges) {
      for (let row = 0; gauge && row < rows.high; row++) if (gauge.has(row) && rows.isLive(row)) this.#seriesFor(row);
    }
  }

  #markEnded(): void {
    const lives = this.#namesMortal ? this.#withRows() : undefined;
    for (let series = 1; series < this.#size; series++) {
      if (!this.#ownerEnded(series) && lives?.[series] !== 0) this.#ended[series] = 0;
      else if (this.#ended[series] === 0) this.#ended[series] = this.#clock.now;
    }
  }

  #ownerEnded(series: number): boolean {
    const owner = this.#identities[series]!;
    if (this.#picker.namesProcess) return owner !== 0 && this.#table.identity.ended(owner);
    return this.#groups[series]?.ended === true;
  }

  /** By series: 1 if it has a row. */
  #withRows(): Uint8Array {
    const withRows = new Uint8Array(this.#size);
    for (let row = 0; row < this.#table.rows.high; row++) {
      const series = this.#seriesOf[row]!;
      if (series > OVERFLOW) withRows[series] = 1;
    }
    return withRows;
  }

  #select(wanted: (series: number) => boolean): Set<number> {
    const selected = new Set<number>();
    for (let series = 1; series < this.#size; series++)
      if (this.#labels[series] && wanted(series)) selected.add(series);
    return selected;
  }

  /** Frees series; rows that belonged to them go to `heir`. */
  #remove(removed: ReadonlySet<number>, heir = UNMAPPED): void {
    if (removed.size === 0) return;
    for (let row = 0; row < this.#seriesOf.length; row++) {
      if (removed.has(this.#seriesOf[row]!)) this.#seriesOf[row] = heir;
    }
    for (const series of removed) {
      this.#own(series, 0);
      this.#index.delete(this.#keys[series]!);
      this.#keys[series] = '';
      this.#labels[series] = undefined;
      for (const column of this.#columns) column.clear(series);
      this.#exemplars.clear(series);
      this.#free.push(series);
    }
    this.#budget.used -= removed.size;
  }

  #promote(): void {
    let room = this.#budget.room(this.#changed[OVERFLOW]!);
    for (let row = 0; row < this.#table.rows.high && room > 0; row++) {
      if (this.#seriesOf[row] !== OVERFLOW || row === this.#table.overflow) continue;
      this.#seriesOf[row] = UNMAPPED;
      room--;
    }
  }

  #reserve(capacity: number): void {
    this.#capacity = capacity;
    this.#created = grown(this.#created, capacity);
    this.#identities = grown(this.#identities, capacity);
    this.#changed = grown(this.#changed, capacity);
    this.#ended = grown(this.#ended, capacity);
    for (const column of this.#columns) column.reserve(capacity);
  }
}
