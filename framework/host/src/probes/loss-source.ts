// SPDX-License-Identifier: Apache-2.0
import type { BpfObject, Btf, MapReader } from '@sonde/native';
import type { SeriesStore } from '../series/types.ts';
import { difference64 } from './number-at.ts';
import { isCreated } from './used-maps.ts';

/** The kit's map of loss counters, and the enums that name its indices (`sonde/loss.h`). */
const LOSS_MAP = 'sonde_loss';
const CAUSE_ENUMS = ['sonde_loss_cause', 'sonde_custom_loss'];
const CAUSE_PREFIX = 'SONDE_LOSS_';
/** Only the labels were lost: what the overflow entry of a full map took. */
const MAP_FULL = 'map_full';
/** Marks where a probe's own causes begin; nothing is counted there. */
const CUSTOM = 'custom';

/** Runs that the kernel skipped, since a program never runs inside itself. */
const RECURSION = 'recursion';

/** Carries what an object's programs lost into the ledger: stage `kernel`, by cause. */
export class LossSource {
  readonly #probe: string;
  readonly #store: SeriesStore;
  readonly #object: BpfObject;
  /** Absent if the object does not use the kit's counters. */
  readonly #reader: MapReader | undefined;
  readonly #causes: ReadonlyMap<number, string>;
  /** Program id → runs skipped so far. */
  readonly #skipped = new Map<number, number>();

  constructor(object: BpfObject, probe: string, store: SeriesStore) {
    this.#object = object;
    this.#probe = probe;
    this.#store = store;
    store.loss.declare(probe, 'kernel', RECURSION);
    this.#causes = new Map();
    if (!isCreated(object, LOSS_MAP)) return;
    this.#reader = object.map(LOSS_MAP).reader({ fold: [{ offset: 0, size: 8, fold: 'sum' }] });
    this.#causes = causesOf(object.btf);
    for (const cause of this.#causes.values()) if (cause !== MAP_FULL) store.loss.declare(probe, 'kernel', cause);
    store.overflow.declare(probe);
  }

  async collect(): Promise<void> {
    for (const { id, recursionMisses } of this.#object.programStats()) {
      const skipped = recursionMisses - (this.#skipped.get(id) ?? 0);
      this.#skipped.set(id, recursionMisses);
      if (skipped > 0) this.#store.loss.add(this.#probe, 'kernel', RECURSION, skipped);
    }
    if (this.#reader !== undefined) await this.#collectCounters(this.#reader);
  }

  close(): void {
    this.#reader?.close();
  }

  async #collectCounters(reader: MapReader): Promise<void> {
    const { changed, keys, values, previous } = await reader.collect();
    const [index, now, before] = [viewOf(keys), viewOf(values), viewOf(previous)];
    for (let i = 0; i < changed; i++) {
      const lost = difference64(now, before, i * 8);
      const number = index.getUint32(i * 4, true);
      const cause = this.#causes.get(number) ?? `cause_${number}`;
      if (lost === 0) continue;
      if (cause === MAP_FULL) this.#store.overflow.add(this.#probe, lost);
      else this.#store.loss.add(this.#probe, 'kernel', cause, lost);
    }
  }
}

function causesOf({ types }: Btf): Map<number, string> {
  const causes = new Map<number, string>();
  for (const type of types) {
    if (type.kind !== 'enum' || !CAUSE_ENUMS.includes(type.name)) continue;
    for (const { name, value } of type.values) {
      const cause = name.replace(CAUSE_PREFIX, '').toLowerCase();
      if (cause !== CUSTOM) causes.set(value, cause);
    }
  }
  return causes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
