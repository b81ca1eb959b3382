// SPDX-License-Identifier: Apache-2.0
import type { Btf, RingBatch } from '@sonde/native';
import type { Birth } from './process-table.ts';
import { enumValues, structOffsets } from './record-layout.ts';
import type { CgroupId } from './types.ts';

export interface ProcessKey {
  tgid: number;
  execId: number;
  start: number;
}

export interface Program {
  /** Empty for what has none: a kernel thread. */
  executable: string;
  /** Arguments, each with a NUL behind it; undefined where they could not be read. */
  command: string | undefined;
  commandCut: boolean;
}

/** What takes the records of the host's own object, in the kernel's order. */
export interface RecordSink {
  fork(process: ProcessKey, birth: Birth, parent: ProcessKey): void;
  exec(process: ProcessKey, birth: Birth, program: Program): void;
  exit(process: ProcessKey): void;
  cgroupMoved(process: ProcessKey, cgroup: CgroupId): void;
  cgroupMade(cgroup: CgroupId, path: string): void;
  cgroupRemoved(cgroup: CgroupId, path: string): void;
}

const FRAME = 8;

/** Reads the records of `bpf/records.h`, wherever its compiler put the fields. */
export class RecordReader {
  readonly #sink: RecordSink;
  readonly #kinds: Record<'fork' | 'exec' | 'exit' | 'move' | 'make', number>;
  readonly #flags: Record<'kernelThread' | 'pathCut' | 'commandCut', number>;
  readonly #fork: (field: string) => number;
  readonly #exec: (field: string) => number;
  readonly #move: (field: string) => number;
  readonly #cgroup: (field: string) => number;
  #view = new DataView(new ArrayBuffer(0));
  #bytes = Buffer.alloc(0);

  constructor(btf: Btf, sink: RecordSink) {
    const kind = lookup(enumValues(btf, 'host_record'));
    const flag = lookup(enumValues(btf, 'host_process_flag'));
    this.#sink = sink;
    this.#kinds = {
      fork: kind('HOST_FORK'),
      exec: kind('HOST_EXEC'),
      exit: kind('HOST_EXIT'),
      move: kind('HOST_CGROUP_MOVE'),
      make: kind('HOST_CGROUP_MAKE'),
    };
    this.#flags = {
      kernelThread: flag('HOST_KERNEL_THREAD'),
      pathCut: flag('HOST_PATH_CUT'),
      commandCut: flag('HOST_COMMAND_CUT'),
    };
    this.#fork = lookup(structOffsets(btf, 'host_fork'));
    this.#exec = lookup(structOffsets(btf, 'host_exec'));
    this.#move = lookup(structOffsets(btf, 'host_cgroup_move'));
    this.#cgroup = lookup(structOffsets(btf, 'host_cgroup'));
  }

  readRing({ buffer, byteLength }: RingBatch): void {
    this.#look(buffer);
    for (let at = 0; at < byteLength; ) {
      const length = this.#u32(at);
      this.#read(at + FRAME);
      at += FRAME + ((length + 7) & ~7);
    }
  }

  /** Records of the walk, which follow each other without frames. */
  readWalk(bytes: Uint8Array): void {
    this.#look(bytes);
    for (let at = 0; at < bytes.length; ) at += this.#readExec(at);
  }

  #look(bytes: Uint8Array): void {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #read(at: number): void {
    const kind = this.#u32(at + this.#fork('event.kind'));
    const process = at + this.#fork('process');
    if (kind === this.#kinds.fork) {
      this.#sink.fork(this.#key(process), this.#birth(at + this.#fork('facts')), this.#key(at + this.#fork('parent')));
    } else if (kind === this.#kinds.exec) {
      this.#readExec(at);
    } else if (kind === this.#kinds.exit) {
      this.#sink.exit(this.#key(process));
    } else if (kind === this.#kinds.move) {
      this.#sink.cgroupMoved(this.#key(process), this.#u64(at + this.#move('cgroup')));
    } else {
      const path = this.#text(at + this.#cgroup('path'));
      const cgroup = this.#u64(at + this.#cgroup('cgroup'));
      if (kind === this.#kinds.make) this.#sink.cgroupMade(cgroup, path);
      else this.#sink.cgroupRemoved(cgroup, path);
    }
  }

  /** Returns the length of the record. */
  #readExec(at: number): number {
    const pathSize = this.#u32(at + this.#exec('path_size'));
    const commandSize = this.#u32(at + this.#exec('command_size'));
    const flags = this.#u32(at + this.#exec('facts.flags'));
    const text = at + this.#exec('text');
    const names = this.#bytes.toString('utf8', text, text + pathSize);
    this.#sink.exec(this.#key(at + this.#exec('process')), this.#birth(at + this.#exec('facts')), {
      executable: joinPath(names, (flags & this.#flags.pathCut) !== 0),
      command: commandSize > 0 ? this.#bytes.toString('utf8', text + pathSize, text + pathSize + commandSize) : undefined,
      commandCut: (flags & this.#flags.commandCut) !== 0,
    });
    return text - at + pathSize + commandSize;
  }

  #key(at: number): ProcessKey {
    return { tgid: this.#u32(at), execId: this.#u32(at + 4), start: this.#u64(at + 8) };
  }

  #birth(at: number): Birth {
    const facts = this.#exec('facts');
    return {
      parentPid: this.#u32(at + this.#exec('facts.parent_tgid') - facts),
      namespacePid: this.#u32(at + this.#exec('facts.namespace_tgid') - facts),
      userId: this.#u32(at + this.#exec('facts.uid') - facts),
      kernelThread: (this.#u32(at + this.#exec('facts.flags') - facts) & this.#flags.kernelThread) !== 0,
      cgroup: this.#u64(at + this.#exec('facts.cgroup') - facts),
      comm: this.#text(at + this.#exec('facts.comm') - facts),
    };
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  /** Rounded beyond 2^53, as everywhere in the host, so that equal keys stay equal. */
  #u64(at: number): number {
    return this.#u32(at + 4) * 2 ** 32 + this.#u32(at);
  }

  #text(at: number): string {
    return this.#bytes.toString('utf8', at, this.#bytes.indexOf(0, at));
  }
}

function lookup(values: ReadonlyMap<string, number>): (name: string) => number {
  return (name) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`host.bpf.o has no ${name}: build it again`);
    return value;
  };
}

/** `node\0bin\0usr\0` → `/usr/bin/node` */
function joinPath(names: string, cut: boolean): string {
  if (names === '') return '';
  const path = names.split('\0').slice(0, -1).reverse().join('/');
  return cut ? `…/${path}` : `/${path}`;
}
