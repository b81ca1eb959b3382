// SPDX-License-Identifier: Apache-2.0
import type { Btf } from './btf-types.ts';
import type { AttachSpec, BpfLink } from './link-types.ts';
import type { BpfMap, MapInfo } from './map-types.ts';

export type * from './btf-types.ts';
export type * from './kernel-types.ts';
export type * from './link-types.ts';
export type * from './map-types.ts';
export type * from './ring-types.ts';

export interface OpenOptions {
  /** A BTF file to relocate against where the kernel itself exposes none. */
  kernelBtf?: string;
}

/** One program of an object. */
export interface ProgramInfo {
  name: string;
  /** The `SEC()` name, e.g. `tp_btf/sched_process_exec`. */
  section: string;
  /** libbpf's name of the program type, e.g. `tracing`, `kprobe`, `raw_tracepoint`. */
  type: string;
  /** Names of the maps that its instructions, and those of the subprograms it calls, refer to. From the ELF relocations. */
  maps: readonly string[];
}

/** One global variable of an object. */
export interface GlobalInfo {
  name: string;
  /** `.data` and `.bss` can be written while the object runs, `.rodata` only before it is loaded. Named ones too: `.data.x`. */
  section: string;
  /** Bytes from the start of the section. */
  offset: number;
  /** Bytes. */
  size: number;
  /** BTF id of its type. */
  type: number;
}

/** What the kernel says of one loaded program. The counts stand still unless {@link KernelStats} are on. */
export interface ProgramStats {
  name: string;
  id: number;
  runCount: number;
  runTimeNs: number;
  /** Instructions the verifier went through; 0 before kernel 5.16. */
  verifiedInsns: number;
  /** Runs that the kernel skipped because the program (or, for some types, any other) was running on that CPU; always counted. */
  recursionMisses: number;
  /** Kernel memory that the program itself takes. */
  memlockBytes: number;
}

/**
 * A BPF object file: opened (parsed), then configured, then loaded into the kernel.
 *
 * The `set…` methods and {@link BpfObject.reuseMap} work only before {@link BpfObject.load} (code `STATE` after), except
 * {@link BpfObject.setGlobal}. Names the object lacks throw `UNKNOWN_PROGRAM`, `UNKNOWN_MAP` or `UNKNOWN_GLOBAL`. After
 * `close()` everything throws `CLOSED`. All errors are {@link NativeError}.
 */
export interface BpfObject {
  readonly programs: readonly ProgramInfo[];
  /** The maps declared by the source, without those that libbpf makes for globals. */
  readonly maps: readonly MapInfo[];
  readonly btf: Btf;
  readonly globals: readonly GlobalInfo[];

  /** Whether `load()` loads this program; all are on at first. */
  setProgramAutoload(program: string, on: boolean): void;
  /** For programs of type tracing (`tp_btf`, `fentry`, `fexit`): another kernel function or tracepoint than in `SEC()`. */
  setAttachTarget(program: string, target: string): void;
  /** Marks a program as one to attach by `{ kind: 'uprobe_multi' }`; then it can be attached by no other kind. */
  setUprobeMulti(program: string): void;
  setMapMaxEntries(map: string, entries: number): void;
  /** Whether `load()` creates this map. Programs that use a map which was not created cannot be loaded. */
  setMapAutocreate(map: string, on: boolean): void;
  /** Uses the other map, of the same type and sizes, in place of an own one. */
  reuseMap(map: string, other: BpfMap): void;

  /**
   * Writes into a global variable. Before `load()` this sets the initial value, in any section. After it, the running
   * programs see the new value at once (aligned 1, 2, 4 or 8 bytes are one atomic store); `.rodata` then throws `STATE`.
   * @param offset bytes from the start of the variable
   * @throws `INVALID` if the bytes do not fit into the variable
   */
  setGlobal(name: string, offset: number, bytes: Uint8Array): void;
  /** Reads a global variable: the initial value before `load()`, the live one after. */
  readGlobal(name: string, offset: number, length: number): Uint8Array;

  /**
   * Creates the maps and loads the programs. On failure nothing stays in the kernel; close the object and open it again.
   * @throws `LOAD` with `program` or `map` (what was refused), `log` (the verifier's whole log) and `summary`;
   *   `PERMISSION` without the needed capabilities; `NO_KERNEL_BTF` where relocation needs BTF that is not there
   */
  load(): Promise<void>;
  /** @throws `ATTACH` (errno `ENOENT`: there is no such hook), `PERMISSION`, `UNSUPPORTED` */
  attach(program: string, spec: AttachSpec): Promise<BpfLink>;
  /** The loaded map. @throws `STATE` before `load()` or for a map that was not created */
  map(name: string): BpfMap;
  /** One entry for each program that is loaded. */
  programStats(): ProgramStats[];
  /** Detaches all links, closes rings and readers on its maps, frees maps and programs. May be called twice. */
  close(): Promise<void>;
}
