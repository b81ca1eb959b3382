// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';

import { NativeError } from './errors.ts';
import type {
  AttachSpec, ClockOffset, DeletedEntries, ElfSymbol, FoldField, KernelFeatures, KernelSymbol, MapChanges, MapEntries,
  MapInfo, ProgramInfo, ProgramStats,
} from './types.ts';

/** Something that native code owns. */
export interface Handle<Kind extends string> {
  readonly kind: Kind;
}
export type ObjectHandle = Handle<'object'>;
export type LinkHandle = Handle<'link'>;
export type MapHandle = Handle<'map'>;
export type ReaderHandle = Handle<'reader'>;
export type RingHandle = Handle<'ring'>;
export type StatsHandle = Handle<'stats'>;
export type KallsymsHandle = Handle<'kallsyms'>;

/** What build/sonde.node exports. Every failure is a NativeError. */
interface Addon {
  setErrorClass(constructor: typeof NativeError): void;
  object: {
    open(path: string, kernelBtf: string): Promise<ObjectHandle>;
    programs(object: ObjectHandle): ProgramInfo[];
    maps(object: ObjectHandle): MapInfo[];
    btf(object: ObjectHandle): Uint8Array;
    setProgramAutoload(object: ObjectHandle, program: string, on: boolean): void;
    setAttachTarget(object: ObjectHandle, program: string, target: string): void;
    setUprobeMulti(object: ObjectHandle, program: string): void;
    setMapMaxEntries(object: ObjectHandle, map: string, entries: number): void;
    setMapAutocreate(object: ObjectHandle, map: string, on: boolean): void;
    reuseMap(object: ObjectHandle, map: string, other: MapHandle): void;
    writeSection(object: ObjectHandle, section: string, offset: number, bytes: Uint8Array): void;
    readSection(object: ObjectHandle, section: string, offset: number, length: number): Uint8Array;
    load(object: ObjectHandle): Promise<void>;
    attach(object: ObjectHandle, program: string, spec: AttachSpec): Promise<LinkHandle>;
    detach(link: LinkHandle): Promise<void>;
    map(object: ObjectHandle, name: string): MapHandle;
    statistics(object: ObjectHandle): ProgramStats[];
    /** An empty `map` for an iterator that walks none. */
    runIterator(object: ObjectHandle, program: string, map: string): Promise<Uint8Array>;
    close(object: ObjectHandle): Promise<void>;
  };
  map: {
    info(map: MapHandle): Omit<MapInfo, 'name'> & { id: number };
    lookup(map: MapHandle, key: Uint8Array): Uint8Array | undefined;
    take(map: MapHandle, key: Uint8Array): Uint8Array | undefined;
    update(map: MapHandle, key: Uint8Array, value: Uint8Array, flags: number): void;
    remove(map: MapHandle, key: Uint8Array): boolean;
    updateBatch(map: MapHandle, keys: Uint8Array, values: Uint8Array, count: number): Promise<void>;
    deleteBatch(map: MapHandle, keys: Uint8Array, count: number, take?: readonly FoldField[]): Promise<DeletedEntries>;
    entries(map: MapHandle): Promise<MapEntries>;
    memory(map: MapHandle): number;
    close(map: MapHandle): void;
  };
  reader: {
    /** Without `batches` it reads entry by entry, as on kernels that have none. */
    open(map: MapHandle, fold: readonly FoldField[], batches: boolean): ReaderHandle;
    collect(reader: ReaderHandle): Promise<MapChanges>;
    take(reader: ReaderHandle, slots: Uint32Array): Promise<MapChanges>;
    slots(reader: ReaderHandle): number;
    close(reader: ReaderHandle): void;
  };
  ring: {
    open(
      map: MapHandle,
      handler: (buffer: Uint8Array, byteLength: number, count: number) => void,
      maxBytesPerWake: number,
    ): RingHandle;
    consume(ring: RingHandle): number;
    bytes(ring: RingHandle): number;
    records(ring: RingHandle): number;
    close(ring: RingHandle): void;
  };
  kernel: {
    features(): Promise<KernelFeatures>;
    findTypes(typedefs: readonly string[], functions: readonly string[]): Promise<boolean[]>;
    /** `category/name` each. */
    findTracepoints(names: readonly string[]): Promise<boolean[]>;
    enumMembers(name: string): Promise<[name: string, value: number][]>;
    enableStats(): StatsHandle;
    disableStats(stats: StatsHandle): void;
    kallsyms(): Promise<KallsymsHandle>;
    kallsymsSize(symbols: KallsymsHandle): number;
    kallsymsLookup(symbols: KallsymsHandle, address: bigint): KernelSymbol | undefined;
    kallsymsAddress(symbols: KallsymsHandle, name: string): bigint | undefined;
    possibleCpus(): number;
    clockOffset(): ClockOffset;
  };
  elf: {
    symbols(path: string): Promise<ElfSymbol[]>;
    symbolOffset(path: string, name: string): Promise<number>;
  };
}

export const addon = createRequire(import.meta.url)('../build/sonde.node') as Addon;
addon.setErrorClass(NativeError);
