// SPDX-License-Identifier: Apache-2.0
import type { EntityDefinition, EntityTable, LossLedger, LossRow, OverflowLedger } from './types.ts';

/** The name under which the host's own series stand where a probe's name belongs. */
export const HOST_PROBE = 'sonde';

export const LOSS: EntityDefinition = {
  probe: HOST_PROBE,
  name: 'loss',
  attributes: ['probe', 'stage', 'cause', 'sink'],
  metrics: [
    { name: 'sonde.loss', type: 'counter', unit: '', help: 'What reached no series and no record, by stage and cause' },
  ],
};

export const OVERFLOW_COUNT: EntityDefinition = {
  probe: HOST_PROBE,
  name: 'overflow',
  attributes: ['probe'],
  metrics: [
    {
      name: 'sonde.overflow',
      type: 'counter',
      unit: '',
      help: 'What lost its labels, in the overflow entry of a map or in the overflow series, but counts in the sum',
    },
  ],
};

/** Counts by attributes: in a table, for whoever reads series, and at hand, for whoever asks. */
class Ledger {
  readonly #table: EntityTable;
  readonly #rows = new Map<string, { row: number; attributes: readonly string[]; count: number }>();

  constructor(table: EntityTable) {
    this.#table = table;
  }

  add(attributes: readonly string[], n: number): void {
    const key = attributes.join('\0');
    let entry = this.#rows.get(key);
    if (!entry) {
      entry = { row: this.#table.open(0, attributes), attributes, count: 0 };
      this.#rows.set(key, entry);
    }
    entry.count += n;
    this.#table.add(entry.row, 0, n);
  }

  entries(): Iterable<{ attributes: readonly string[]; count: number }> {
    return this.#rows.values();
  }

  count(attributes: readonly string[]): number {
    return this.#rows.get(attributes.join('\0'))?.count ?? 0;
  }
}

export class Loss implements LossLedger {
  readonly #ledger: Ledger;

  constructor(table: EntityTable) {
    this.#ledger = new Ledger(table);
  }

  declare(probe: string, stage: string, cause: string, sink = ''): void {
    this.#ledger.add([probe, stage, cause, sink], 0);
  }

  add(probe: string, stage: string, cause: string, n: number, sink = ''): void {
    this.#ledger.add([probe, stage, cause, sink], n);
  }

  rows(probe?: string): LossRow[] {
    const rows = Array.from(this.#ledger.entries(), ({ attributes: [probe, stage, cause, sink], count }) => ({
      probe: probe!,
      stage: stage!,
      cause: cause!,
      ...(sink && { sink }),
      count,
    }));
    return probe === undefined ? rows : rows.filter((row) => row.probe === probe);
  }
}

export class Overflow implements OverflowLedger {
  readonly #ledger: Ledger;

  constructor(table: EntityTable) {
    this.#ledger = new Ledger(table);
  }

  declare(probe: string): void {
    this.#ledger.add([probe], 0);
  }

  add(probe: string, n: number): void {
    this.#ledger.add([probe], n);
  }

  count(probe: string): number {
    return this.#ledger.count([probe]);
  }
}
