// SPDX-License-Identifier: Apache-2.0
import { type BpfMap, type BpfObject, NativeError, openObject } from '@sonde/native';
import { fileURLToPath } from 'node:url';

const OBJECT = fileURLToPath(new URL('../../dist/targets.bpf.o', import.meta.url));
const ON_DEMAND = 'targets_on_demand';
const MAP = 'sonde_targets';
const CANARY = 'canary';
const FOLLOW = 'follow';

export type Decision = 'include' | 'exclude';

/** What a key of the map names, as in `sonde/target.h`. */
export const PROCESS = 0;
export const CGROUP = 1;
export type TargetKind = typeof PROCESS | typeof CGROUP;

/** One entry: bits 0–31 and 32–63 of `include`, then of `exclude`. */
type Bits = Uint32Array;
const EXCLUDE_WORDS = 2;

/** `sonde_targets` with a copy of what was written, so that an entry without bits is taken out. */
export class TargetMap {
  readonly map: BpfMap;
  /** The map of {@link TargetMap.map}, where it is not this object's own. */
  readonly #onDemand: BpfObject | undefined;
  readonly #object: BpfObject;
  readonly #entries: readonly [Map<number, Bits>, Map<number, Bits>] = [new Map(), new Map()];
  readonly #key = new DataView(new ArrayBuffer(16));
  /** By kind: wanted entries that found no room, oldest first. */
  readonly #refused: readonly [Set<number>, Set<number>] = [new Set(), new Set()];
  #isFollowing = false;
  /** Entries that ever found no room. */
  overflow = 0;

  /**
   * Allocates entries on demand where the kernel lets programs of every type use such a map.
   * @throws NativeError
   */
  static async open(): Promise<TargetMap> {
    const onDemand = await openOnDemand();
    const object = await openObject(OBJECT);
    try {
      object.setProgramAutoload(CANARY, false);
      object.setMapAutocreate(ON_DEMAND, false);
      if (onDemand === undefined) object.setMapMaxEntries(MAP, mapInfo(object, ON_DEMAND).maxEntries);
      else object.reuseMap(MAP, onDemand.map(ON_DEMAND));
      await object.load();
      return new TargetMap(object, onDemand);
    } catch (error) {
      await object.close();
      await onDemand?.close();
      throw error;
    }
  }

  private constructor(object: BpfObject, onDemand: BpfObject | undefined) {
    this.#object = object;
    this.#onDemand = onDemand;
    this.map = object.map(MAP);
  }

  get size(): number {
    return [PROCESS, CGROUP].reduce((sum, kind) => sum + this.#entries[kind]!.size - this.#refused[kind]!.size, 0);
  }

  /** Sets both of the probe's bits for a process or cgroup; writes only what differs. */
  write(kind: TargetKind, id: number, bit: number, wanted: Readonly<Record<Decision, boolean>>): void {
    const entries = this.#entries[kind];
    const bits = entries.get(id) ?? new Uint32Array(4);
    const before = bits.slice();
    setBit(bits, bit, 'include', wanted.include);
    setBit(bits, bit, 'exclude', wanted.exclude);
    if (bits.every((word, i) => word === before[i])) return;
    if (bits.every((word) => word === 0)) return this.delete(kind, id);
    entries.set(id, bits);
    this.#update(kind, id, bits);
  }

  /** The room it leaves goes to one that was refused. */
  delete(kind: TargetKind, id: number): void {
    this.#entries[kind].delete(id);
    if (this.#refused[kind].delete(id)) return;
    if (this.map.delete(this.#keyOf(kind, id))) this.#admit();
  }

  /** Whether there may be an entry: one that was written, or one that the kernel handed to a child. */
  mayHave(kind: TargetKind, id: number): boolean {
    return this.#isFollowing || this.#entries[kind].has(id);
  }

  holds(kind: TargetKind, id: number, bit: number, decision: Decision): boolean {
    const bits = this.#entries[kind].get(id);
    return bits !== undefined && isSet(bits, bit, decision);
  }

  /** From now on, children of the processes that these probes watch are watched from their first instruction. */
  async follow(bits: readonly number[]): Promise<void> {
    const mask = bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
    this.#object.setGlobal('target_followers', 0, new Uint8Array(BigUint64Array.of(mask).buffer));
    if (mask === 0n || this.#isFollowing) return;
    this.#isFollowing = true;
    await this.#object.attach(FOLLOW, { kind: 'auto' });
  }

  async close(): Promise<void> {
    await this.#object.close();
    await this.#onDemand?.close();
  }

  #update(kind: TargetKind, id: number, bits: Bits): void {
    try {
      this.map.update(this.#keyOf(kind, id), new Uint8Array(bits.buffer));
      this.#refused[kind].delete(id);
    } catch (error) {
      if (!(error instanceof NativeError) || error.errnoName !== 'E2BIG') throw error;
      if (this.#refused[kind].has(id)) return;
      this.#refused[kind].add(id);
      this.overflow++;
    }
  }

  #admit(): void {
    for (const kind of [CGROUP, PROCESS] as const) {
      for (const id of this.#refused[kind]) return this.#update(kind, id, this.#entries[kind].get(id)!);
    }
  }

  #keyOf(kind: TargetKind, id: number): Uint8Array {
    this.#key.setBigUint64(0, BigInt(id), true);
    this.#key.setUint32(8, kind, true);
    return new Uint8Array(this.#key.buffer);
  }
}

async function openOnDemand(): Promise<BpfObject | undefined> {
  const object = await openObject(OBJECT);
  try {
    object.setProgramAutoload(FOLLOW, false);
    object.setMapAutocreate(MAP, false);
    await object.load();
    return object;
  } catch (error) {
    await object.close();
    if (error instanceof NativeError && error.code === 'LOAD') return undefined;
    throw error;
  }
}

function mapInfo(object: BpfObject, name: string) {
  const found = object.maps.find((map) => map.name === name);
  if (found === undefined) throw new Error(`targets.bpf.o has no map ${name}: build it again`);
  return found;
}

function isSet(bits: Bits, bit: number, decision: Decision): boolean {
  return (bits[wordOf(bit, decision)]! & (1 << (bit & 31))) !== 0;
}

function setBit(bits: Bits, bit: number, decision: Decision, on: boolean): void {
  const word = wordOf(bit, decision);
  if (on) bits[word]! |= 1 << (bit & 31);
  else bits[word]! &= ~(1 << (bit & 31));
}

function wordOf(bit: number, decision: Decision): number {
  return (bit >> 5) + (decision === 'exclude' ? EXCLUDE_WORDS : 0);
}
