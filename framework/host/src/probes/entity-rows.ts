// SPDX-License-Identifier: Apache-2.0
import type { MapChanges } from '@sonde/native';
import type { Identity, IdentityId } from '../identity/types.ts';
import type { EntityTable } from '../series/types.ts';
import type { EntityColumns, MetricColumn } from './entity-columns.ts';
import { unsigned64 } from './number-at.ts';

const NO_ROW = -1;
/** Stands for the slot of the overflow entry. */
const OVERFLOW = -1;

/** The rows of one entity, by the slot of the map entry that each stands for. */
export class EntityRows {
  readonly #columns: EntityColumns;
  readonly #table: EntityTable;
  readonly #identity: Identity;
  /** Slot → row of the table. */
  #rows = new Int32Array(1024).fill(NO_ROW);
  /** Slot → identity of the owner, retained as long as the row is open. */
  #owners = new Uint32Array(1024);
  /** Slot → 1 if the entry's own field says that it has ended. */
  #finished = new Uint8Array(1024);
  /** Metric that may fall → slot → what its entry has added to it. */
  readonly #held: readonly { metric: number; bySlot: Map<number, number> }[];
  /** Columns of the collectors that are on. */
  #metrics: readonly MetricColumn[] = [];
  #changes: MapChanges | undefined;
  #keys: DataView = new DataView(new ArrayBuffer(0));
  #values: DataView = this.#keys;
  #previous: DataView = this.#keys;

  constructor(columns: EntityColumns, table: EntityTable, identity: Identity) {
    this.#columns = columns;
    this.#table = table;
    this.#identity = identity;
    this.#held = columns.metrics.flatMap(({ kind, metric }) => (kind === 'level' ? { metric, bySlot: new Map<number, number>() } : []));
  }

  /** From now on only metrics of these collectors are added to; gauges of others vanish. */
  follow(collectors: ReadonlySet<string>): void {
    const isOn = ({ collector }: MetricColumn): boolean => collector === undefined || collectors.has(collector);
    const off = this.#metrics.filter((column) => column.kind === 'gauge' && !isOn(column));
    this.#metrics = this.#columns.metrics.filter(isOn);
    if (off.length === 0) return;
    for (const row of this.#rows) {
      if (row !== NO_ROW) for (const { metric } of off) this.#table.set(row, metric, NaN);
    }
  }

  /** Takes the columns of a snapshot; `apply` then goes over them. */
  begin(changes: MapChanges): void {
    this.#changes = changes;
    this.#keys = viewOf(changes.keys);
    this.#values = viewOf(changes.values);
    this.#previous = viewOf(changes.previous);
    this.#grow(changes.unchanged.length);
  }

  /** Adds the differences of the changed entries [from, to). */
  apply(from: number, to: number): void {
    const { slots, fresh } = this.#changes!;
    const { keySize, valueSize, ended } = this.#columns;
    for (let i = from; i < to; i++) {
      const slot = slots[i]!;
      const value = i * valueSize;
      if (fresh[i] === 1) this.#open(slot, i * keySize, value);
      else if (this.#isHandedOn(value)) this.#handOn(slot, i * keySize, value);
      const isFinished = ended?.(this.#values, value) ?? false;
      this.#finished[slot] = isFinished ? 1 : 0;
      this.#add(slot, this.#rows[slot]!, value, isFinished);
    }
  }

  /** The overflow entry has no key: what it counted goes to the overflow series. */
  applyOverflow(changes: MapChanges): void {
    this.#values = viewOf(changes.values);
    this.#previous = viewOf(changes.previous);
    this.#add(OVERFLOW, this.#table.overflow, 0, false);
  }

  /** Slots whose entry may leave the kernel: it says so itself, or its process has ended. */
  endedSlots(isQuiet: (slot: number) => boolean): number[] {
    const slots: number[] = [];
    for (let slot = 0; slot < this.#rows.length; slot++) {
      if (this.#rows[slot] === NO_ROW || !isQuiet(slot)) continue;
      const owner = this.#owners[slot]!;
      if (this.#finished[slot] === 1 || (owner !== 0 && this.#identity.ended(owner))) slots.push(slot);
    }
    return slots;
  }

  /** The entry has left the map: its totals stay in the series, less what nobody is left to take back. */
  remove(slot: number): void {
    const row = this.#rows[slot];
    if (row === undefined || row === NO_ROW) return;
    this.#takeBack(slot, row);
    this.#table.end(row);
    this.#release(slot);
    this.#rows[slot] = NO_ROW;
    this.#finished[slot] = 0;
  }

  /** Ends every row, as when the probe stops or its object is replaced. */
  close(): void {
    for (let slot = 0; slot < this.#rows.length; slot++) this.remove(slot);
    this.#takeBack(OVERFLOW, this.#table.overflow);
  }

  #open(slot: number, key: number, value: number): void {
    this.remove(slot);
    const owner = this.#ownerAt(key, value);
    const attributes = this.#columns.attributes.map(({ from, read }) =>
      from === 'key' ? read(this.#keys, key) : read(this.#values, value),
    );
    if (owner !== 0) this.#identity.retain(owner);
    this.#owners[slot] = owner;
    this.#rows[slot] = this.#table.open(owner, attributes);
  }

  /** The same entry is another row from now on, and takes with it what may fall. */
  #handOn(slot: number, key: number, value: number): void {
    const held = this.#held.map(({ metric, bySlot }) => ({ metric, by: bySlot.get(slot) ?? 0 }));
    this.#open(slot, key, value);
    for (const { metric, by } of held) this.#raise(slot, this.#rows[slot]!, metric, by);
  }

  #ownerAt(key: number, value: number): IdentityId {
    const { process } = this.#columns;
    if (process === undefined) return 0;
    const [view, base] = process.from === 'key' ? [this.#keys, key] : [this.#values, value];
    const at = base + process.offset;
    return this.#identity.process(view.getUint32(at, true), view.getUint32(at + 4, true), unsigned64(view, at + 8));
  }

  /** An entry that names its owner or attributes in the value may hand them on; from then on it is another row. */
  #isHandedOn(value: number): boolean {
    return this.#columns.labelRanges.some(({ offset, size }) => {
      for (let i = value + offset; i < value + offset + size; i++) {
        if (this.#values.getUint8(i) !== this.#previous.getUint8(i)) return true;
      }
      return false;
    });
  }

  /** The gauges of what has ended would tell of something that is not there. */
  #add(slot: number, row: number, value: number, isFinished: boolean): void {
    const table = this.#table;
    for (const column of this.#metrics) {
      switch (column.kind) {
        case 'difference':
          table.add(row, column.metric, column.of(this.#values, this.#previous, value));
          break;
        case 'level':
          this.#raise(slot, row, column.metric, column.of(this.#values, this.#previous, value));
          break;
        case 'gauge':
          table.set(row, column.metric, isFinished ? NaN : column.read(this.#values, value));
          break;
        case 'histogram':
          table.addHistogram(row, column.metric, column.of(this.#values, this.#previous, value));
      }
    }
  }

  #raise(slot: number, row: number, metric: number, by: number): void {
    this.#table.add(row, metric, by);
    const bySlot = by === 0 ? undefined : this.#held.find((held) => held.metric === metric)?.bySlot;
    bySlot?.set(slot, (bySlot.get(slot) ?? 0) + by);
  }

  #takeBack(slot: number, row: number): void {
    for (const { metric, bySlot } of this.#held) {
      const held = bySlot.get(slot);
      if (held !== undefined && held !== 0) this.#table.add(row, metric, -held);
      bySlot.delete(slot);
    }
  }

  #release(slot: number): void {
    const owner = this.#owners[slot]!;
    if (owner !== 0) this.#identity.release(owner);
    this.#owners[slot] = 0;
  }

  #grow(slots: number): void {
    if (slots <= this.#rows.length) return;
    const size = Math.max(slots, this.#rows.length * 2);
    this.#rows = enlarge(this.#rows, new Int32Array(size).fill(NO_ROW));
    this.#owners = enlarge(this.#owners, new Uint32Array(size));
    this.#finished = enlarge(this.#finished, new Uint8Array(size));
  }
}

function enlarge<Column extends Int32Array | Uint32Array | Uint8Array>(old: Column, larger: Column): Column {
  larger.set(old);
  return larger;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
