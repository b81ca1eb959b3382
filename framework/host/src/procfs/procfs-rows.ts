// SPDX-License-Identifier: Apache-2.0
import type { AttributeMapping, Entity } from '@sonde/kit';
import type { IdentityId } from '../identity/types.ts';
import type { EntityTable } from '../series/types.ts';
import type { ProcfsRecord } from './formats.ts';

interface Row {
  readonly row: number;
  /** By metric: the number at the last reading; NaN = none. */
  readonly last: Float64Array;
  /** The pass that last saw it. */
  seenIn: number;
}

interface Metric {
  readonly type: string;
  readonly field: string;
}

/** The rows of an entity whose records are read from text: makes differences of totals. */
export class ProcfsRows {
  readonly #table: EntityTable;
  readonly #attributes: readonly (string | AttributeMapping)[];
  readonly #metrics: readonly Metric[];
  readonly #rows = new Map<string, Row>();
  #pass = 0;

  constructor(entity: Entity, table: EntityTable) {
    this.#table = table;
    this.#attributes = Object.values(entity.attributes ?? {});
    this.#metrics = Object.values(entity.metrics).map(({ type, value }) => ({ type, field: String(value) }));
  }

  begin(): void {
    this.#pass++;
  }

  /**
   * Adds what the records of one file say. Records that cannot be told apart by their attributes are told apart by
   * their order.
   * @param isNew what it tells of began after this source did, so that its totals count from 0
   */
  apply(records: readonly ProcfsRecord[], owner: IdentityId, isNew: boolean): void {
    const alike = new Map<string, number>();
    for (const record of records) {
      const attributes = this.#attributes.map((attribute) => valueOf(attribute, record));
      const labels = [owner, ...attributes].join('\0');
      const order = alike.get(labels) ?? 0;
      alike.set(labels, order + 1);
      this.#add(record, this.#rowOf(`${labels}\0${order}`, owner, attributes), isNew);
    }
  }

  /** Ends the rows that this pass did not see. */
  finish(): void {
    for (const [key, { row, seenIn }] of this.#rows) {
      if (seenIn === this.#pass) continue;
      this.#table.end(row);
      this.#rows.delete(key);
    }
  }

  #rowOf(key: string, owner: IdentityId, attributes: readonly string[]): Row {
    let row = this.#rows.get(key);
    if (row === undefined) {
      const last = new Float64Array(this.#metrics.length).fill(NaN);
      row = { row: this.#table.open(owner, attributes), last, seenIn: 0 };
      this.#rows.set(key, row);
    }
    row.seenIn = this.#pass;
    return row;
  }

  #add(record: ProcfsRecord, { row, last }: Row, isNew: boolean): void {
    this.#metrics.forEach(({ type, field }, metric) => {
      const now = numberOf(record.get(field));
      if (Number.isNaN(now)) return;
      const before = last[metric]!;
      last[metric] = now;
      if (type === 'gauge') this.#table.set(row, metric, now);
      else this.#table.add(row, metric, difference(type, now, before, isNew));
    });
  }
}

function difference(type: string, now: number, before: number, isNew: boolean): number {
  if (type === 'updowncounter') return Number.isNaN(before) ? now : now - before;
  if (Number.isNaN(before)) return isNew ? now : 0;
  // A total that went back began again from 0.
  return now >= before ? now - before : now;
}

function valueOf(attribute: string | AttributeMapping, record: ProcfsRecord): string {
  if (typeof attribute === 'string') return record.get(attribute) ?? '';
  const word = record.get(attribute.from) ?? '';
  return attribute.values?.[word] ?? word;
}

function numberOf(word: string | undefined): number {
  return word === undefined ? NaN : Number(word);
}
