// SPDX-License-Identifier: Apache-2.0
import { setImmediate as turn } from 'node:timers/promises';
import type { BpfMap, MapChanges, MapReader } from '@sonde/native';
import type { Identity } from '../identity/types.ts';
import type { EntityTable } from '../series/types.ts';
import type { EntityColumns } from './entity-columns.ts';
import { EntityRows } from './entity-rows.ts';

/** How long rows are applied before the event loop gets its turn, ms. */
const SLICE = 4;
/** Rows between two looks at the clock. */
const STEP = 256;
/** Snapshots that must leave an ended entry alone before it is deleted from the kernel. */
const QUIET = 2;

/** An entity of a map: how to read it, and where its rows go. */
export interface CompiledEntity {
  columns: EntityColumns;
  table: EntityTable;
}

/**
 * The entities that live in one map: at each snapshot, what changed in the kernel since the last becomes differences in
 * the series store. Two entities may look at the same map.
 */
export class MapSource {
  readonly map: BpfMap;
  readonly #reader: MapReader;
  readonly #overflow: MapReader | undefined;
  readonly #entities: readonly EntityRows[];
  #stopped = false;
  /** Entries in the kernel at the last snapshot. */
  entries = 0;

  constructor(map: BpfMap, overflow: BpfMap | undefined, entities: readonly CompiledEntity[], identity: Identity) {
    const fold = entities.flatMap(({ columns }) => columns.fold);
    this.map = map;
    this.#reader = map.reader({ fold });
    this.#overflow = overflow?.reader({ fold });
    this.#entities = entities.map(({ columns, table }) => new EntityRows(columns, table, identity));
  }

  /** Only metrics of collectors that are on are added to. */
  follow(collectors: ReadonlySet<string>): void {
    for (const rows of this.#entities) rows.follow(collectors);
  }

  /** Reads the map off the event loop; `apply` then must follow before the next read. */
  async read(): Promise<{ changes: MapChanges; overflow: MapChanges | undefined }> {
    const [changes, overflow] = await Promise.all([this.#reader.collect(), this.#overflow?.collect()]);
    this.entries = changes.total;
    return { changes, overflow };
  }

  /** Turns what was read into differences, in slices, so that a hundred thousand entries stall nothing. */
  async apply({ changes, overflow }: { changes: MapChanges; overflow: MapChanges | undefined }): Promise<void> {
    for (const rows of this.#entities) rows.begin(changes);
    let sliceEnd = performance.now() + SLICE;
    for (let from = 0; from < changes.changed && !this.#stopped; from += STEP) {
      const to = Math.min(from + STEP, changes.changed);
      for (const rows of this.#entities) rows.apply(from, to);
      if (performance.now() > sliceEnd) {
        await turn();
        sliceEnd = performance.now() + SLICE;
      }
    }
    for (const slot of changes.removed) for (const rows of this.#entities) rows.remove(slot);
    if (overflow !== undefined && hasGrown(overflow)) {
      for (const rows of this.#entities) rows.applyOverflow(overflow);
    }
  }

  /**
   * Deletes from the kernel what has ended and was left alone over two snapshots, and takes the last difference that a late
   * update may have made in between.
   */
  async deleteEnded({ unchanged }: MapChanges): Promise<void> {
    const [first] = this.#entities;
    if (first === undefined || !isHash(this.map)) return;
    const slots = first.endedSlots((slot) => unchanged[slot]! >= QUIET);
    if (slots.length === 0) return;
    const late = await this.#reader.take(Uint32Array.from(slots));
    for (const rows of this.#entities) {
      rows.begin(late);
      rows.apply(0, late.changed);
      for (const slot of slots) rows.remove(slot);
    }
  }

  close(): void {
    this.#stopped = true;
    this.#reader.close();
    this.#overflow?.close();
    for (const rows of this.#entities) rows.close();
  }
}

/** An array has its entry from the start: until something overflows there is no overflow series. */
function hasGrown({ changed, values, previous }: MapChanges): boolean {
  return changed > 0 && values.some((byte, i) => byte !== previous[i]);
}

function isHash(map: BpfMap): boolean {
  return map.info.type === 'hash' || map.info.type === 'percpu_hash';
}
