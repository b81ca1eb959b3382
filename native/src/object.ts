// SPDX-License-Identifier: Apache-2.0
import { addon, type ObjectHandle } from './addon.ts';
import { BtfError, globalsOf, parseBtf } from './btf.ts';
import { NativeError } from './errors.ts';
import { explainLoadFailure } from './load-failure.ts';
import { KernelMap } from './map.ts';
import type {
  AttachSpec, BpfLink, BpfMap, BpfObject, Btf, GlobalInfo, MapInfo, OpenOptions, ProgramInfo, ProgramStats,
} from './types.ts';

/**
 * Opens a BPF object file. It is only parsed: this needs no privileges and changes nothing in the kernel.
 * @throws `NOT_FOUND`, `CORRUPT`
 */
export async function openObject(path: string, options: OpenOptions = {}): Promise<BpfObject> {
  const handle = await addon.object.open(path, options.kernelBtf ?? '');
  try {
    return new LibbpfObject(handle);
  } catch (error) {
    await addon.object.close(handle);
    if (!(error instanceof BtfError)) throw error;
    throw new NativeError('CORRUPT', `${path} is not a usable BPF object: ${error.message}`);
  }
}

/**
 * Attaches an iterator program of a loaded object, reads it to its end and detaches it. Returns what the program wrote.
 * Needs kernel 5.8.
 * @param map for `iter/bpf_map_elem` and `iter/bpf_sk_storage_map`: the map whose elements it walks
 * @throws `ATTACH`, `READ`, `UNKNOWN_MAP`
 */
export function runIterator(object: BpfObject, program: string, map?: string): Promise<Uint8Array> {
  return (object as LibbpfObject).runIterator(program, map);
}

class LibbpfObject implements BpfObject {
  readonly programs: readonly ProgramInfo[];
  readonly maps: readonly MapInfo[];
  readonly btf: Btf;
  readonly globals: readonly GlobalInfo[];
  readonly #handle: ObjectHandle;
  readonly #openMaps = new Map<string, KernelMap>();
  readonly #links = new Set<ProgramLink>();
  /** libbpf objects are not thread-safe: what runs on the thread pool runs one after another. */
  #last: Promise<unknown> = Promise.resolve();
  #closing?: Promise<void>;

  constructor(handle: ObjectHandle) {
    this.#handle = handle;
    this.programs = addon.object.programs(handle);
    this.maps = addon.object.maps(handle);
    this.btf = parseBtf(addon.object.btf(handle));
    this.globals = globalsOf(this.btf);
  }

  setProgramAutoload(program: string, on: boolean): void {
    addon.object.setProgramAutoload(this.#handle, program, on);
  }

  setAttachTarget(program: string, target: string): void {
    addon.object.setAttachTarget(this.#handle, program, target);
  }

  setUprobeMulti(program: string): void {
    addon.object.setUprobeMulti(this.#handle, program);
  }

  setMapMaxEntries(map: string, entries: number): void {
    addon.object.setMapMaxEntries(this.#handle, map, entries);
  }

  setMapAutocreate(map: string, on: boolean): void {
    addon.object.setMapAutocreate(this.#handle, map, on);
  }

  reuseMap(map: string, other: BpfMap): void {
    addon.object.reuseMap(this.#handle, map, (other as KernelMap).handle);
  }

  setGlobal(name: string, offset: number, bytes: Uint8Array): void {
    const variable = this.#global(name, offset, bytes.length);
    addon.object.writeSection(this.#handle, variable.section, variable.offset + offset, bytes);
  }

  readGlobal(name: string, offset: number, length: number): Uint8Array {
    const variable = this.#global(name, offset, length);
    return addon.object.readSection(this.#handle, variable.section, variable.offset + offset, length);
  }

  async load(): Promise<void> {
    try {
      await this.#inTurn(() => addon.object.load(this.#handle));
    } catch (error) {
      throw error instanceof NativeError && error.log !== undefined ? explainLoadFailure(error) : error;
    }
  }

  async attach(program: string, spec: AttachSpec): Promise<BpfLink> {
    if (this.#closing) throw new NativeError('CLOSED', 'the object was closed');
    const handle = await this.#inTurn(() => addon.object.attach(this.#handle, program, spec));
    const link = new ProgramLink(spec.kind, () => {
      this.#links.delete(link);
      return this.#inTurn(() => addon.object.detach(handle));
    });
    this.#links.add(link);
    return link;
  }

  map(name: string): BpfMap {
    let map = this.#openMaps.get(name);
    if (!map) {
      const handle = addon.object.map(this.#handle, name);
      map = new KernelMap(handle, this.maps.find((info) => info.name === name));
      this.#openMaps.set(name, map);
    }
    return map;
  }

  programStats(): ProgramStats[] {
    return addon.object.statistics(this.#handle);
  }

  runIterator(program: string, map = ''): Promise<Uint8Array> {
    return this.#inTurn(() => addon.object.runIterator(this.#handle, program, map));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#last.catch(() => {});
    await Promise.all([...this.#links].map((link) => link.detach()));
    for (const map of this.#openMaps.values()) map.close();
    this.#openMaps.clear();
    await addon.object.close(this.#handle);
  }

  #global(name: string, offset: number, length: number): GlobalInfo {
    const variable = this.globals.find((info) => info.name === name);
    if (!variable) throw new NativeError('UNKNOWN_GLOBAL', `the object has no global variable ${name}`);
    if (!(offset >= 0 && offset + length <= variable.size)) {
      throw new NativeError('INVALID', `${length} bytes at ${offset} do not fit into ${name} (${variable.size} bytes)`);
    }
    return variable;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => {});
    return result;
  }
}

class ProgramLink implements BpfLink {
  readonly kind: AttachSpec['kind'];
  readonly #detach: () => Promise<void>;
  #detached?: Promise<void>;

  constructor(kind: AttachSpec['kind'], detach: () => Promise<void>) {
    this.kind = kind;
    this.#detach = detach;
  }

  detach(): Promise<void> {
    this.#detached ??= this.#detach();
    return this.#detached;
  }
}
