// SPDX-License-Identifier: Apache-2.0
import type { Process } from '@sonde/kit/decoder';
import type { EntityDefinition } from '../../series/types.ts';
import { ExemplarRows } from './exemplar-rows.ts';
import { HistogramColumns } from './histogram-columns.ts';
import type { EntityColumns, ExemplarRow } from './protocol.ts';

/** Rows beyond which the interned ones are forgotten between two calls. */
const MAX_ROWS = 65_536;

type Node = number | Map<string, Node>;

/** The series of one entity that this worker speaks of, and what the current call adds to them. */
export class EntityRows {
  readonly #metrics: number;
  readonly #nothing: Float64Array;
  #roots = new Map<Process, Node>();
  #count = 0;
  #firstNew = 0;
  #rowProcess: number[] = [];
  #rowAttributes: string[] = [];
  /** Row by row, a number for each metric. */
  #values = new Float64Array(0);
  /** The call that last touched a row. */
  #touchedIn = new Uint32Array(0);
  #call = 1;
  #touched: number[] = [];
  #ended: number[] = [];
  readonly #histograms: HistogramColumns;
  readonly #exemplars = new ExemplarRows();
  readonly #attributes: number;
  readonly #entity: number;

  constructor(entity: number, definition: EntityDefinition) {
    this.#entity = entity;
    this.#attributes = definition.attributes.length;
    this.#metrics = definition.metrics.length;
    this.#nothing = Float64Array.from(definition.metrics, ({ type }) => (isSum(type) ? 0 : NaN));
    this.#histograms = new HistogramColumns(definition.metrics);
  }

  /** The row of these, or -1 if there is none yet. */
  find(process: Process, attributes: readonly string[]): number {
    let node = this.#roots.get(process);
    for (let i = 0; i < this.#attributes && node !== undefined; i++) {
      node = (node as Map<string, Node>).get(attributes[i]!);
    }
    return node === undefined ? -1 : this.#touch(node as number);
  }

  insert(process: Process, attributes: readonly string[]): number {
    const row = this.#count++;
    this.#rowProcess.push(process);
    this.#rowAttributes.push(...attributes);
    this.#link(process, attributes, row);
    if (row >= this.#touchedIn.length) this.#grow();
    this.#values.set(this.#nothing, row * this.#metrics);
    return this.#touch(row);
  }

  add(row: number, metric: number, delta: number): void {
    this.#values[row * this.#metrics + metric]! += delta;
  }

  set(row: number, metric: number, value: number): void {
    this.#values[row * this.#metrics + metric] = value;
  }

  observe(row: number, metric: number, value: number, weight: number): void {
    this.#histograms.observe(row, metric, value, weight);
  }

  exemplar(exemplar: ExemplarRow): void {
    this.#exemplars.add(exemplar);
  }

  end(row: number): void {
    this.#ended.push(row);
  }

  /** Whether `row` was given out in the current call. */
  owns(row: number): boolean {
    return row < this.#count && this.#touchedIn[row] === this.#call;
  }

  /** Ends the call: takes what it emitted and begins the next. */
  take(): EntityColumns | undefined {
    if (this.#touched.length === 0) return undefined;
    const columns = {
      entity: this.#entity,
      firstRow: this.#firstNew,
      rowProcess: Uint32Array.from(this.#rowProcess),
      rowAttributes: this.#rowAttributes,
      rows: Uint32Array.from(this.#touched),
      scalars: this.#takeScalars(),
      ...this.#histograms.take(),
      ...this.#exemplars.take(),
      ended: this.#ended,
    };
    this.#rowProcess = [];
    this.#rowAttributes = [];
    this.#touched = [];
    this.#ended = [];
    this.#firstNew = this.#count;
    this.#call++;
    if (this.#count > MAX_ROWS) this.#forget();
    return columns;
  }

  #touch(row: number): number {
    if (this.#touchedIn[row] !== this.#call) {
      this.#touchedIn[row] = this.#call;
      this.#touched.push(row);
    }
    return row;
  }

  #link(process: Process, attributes: readonly string[], row: number): void {
    if (this.#attributes === 0) {
      this.#roots.set(process, row);
      return;
    }
    let node = this.#roots.get(process) as Map<string, Node> | undefined;
    if (node === undefined) this.#roots.set(process, (node = new Map()));
    for (let i = 0; i < this.#attributes - 1; i++) {
      let next = node.get(attributes[i]!) as Map<string, Node> | undefined;
      if (next === undefined) node.set(attributes[i]!, (next = new Map()));
      node = next;
    }
    node.set(attributes[this.#attributes - 1]!, row);
  }

  #grow(): void {
    const rows = Math.max(64, this.#touchedIn.length * 2);
    const touchedIn = new Uint32Array(rows);
    touchedIn.set(this.#touchedIn);
    this.#touchedIn = touchedIn;
    const values = new Float64Array(rows * this.#metrics);
    values.set(this.#values);
    this.#values = values;
  }

  #takeScalars(): Float64Array<ArrayBuffer> {
    const metrics = this.#metrics;
    const scalars = new Float64Array(this.#touched.length * metrics);
    let at = 0;
    for (const row of this.#touched) {
      const from = row * metrics;
      for (let metric = 0; metric < metrics; metric++) {
        scalars[at++] = this.#values[from + metric]!;
        this.#values[from + metric] = this.#nothing[metric]!;
      }
    }
    return scalars;
  }

  #forget(): void {
    this.#roots = new Map();
    this.#count = 0;
    this.#firstNew = 0;
    this.#values = new Float64Array(0);
    this.#touchedIn = new Uint32Array(0);
  }
}

function isSum(type: string): boolean {
  return type === 'counter' || type === 'updowncounter';
}
