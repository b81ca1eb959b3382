// SPDX-License-Identifier: Apache-2.0
import type { Btf, RingBatch } from '@sonde/native';
import type { Birth } from './process-table.ts';
import { enumValues, fieldOffsets } from './record-layout.ts';
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
  readonly #kinds: Readonly<Record<string, number>>;
  readonly #flags: Readonly<Record<string, number>>;
  readonly #event: Record<'kind', number>;
  readonly #facts: Record<'parent_tgid' | 'namespace_tgid' | 'uid' | 'flags' | 'cgroup' | 'comm', number>;
  readonly #fork: Record<'process' | 'facts' | 'parent', number>;
  readonly #exec: Record<'process' | 'facts' | 'path_size' | 'command_size' | 'text', number>;
  readonly #exit: Record<'process', number>;
  readonly #move: Record<'process' | 'cgroup', number>;
  readonly #cgroup: Record<'cgroup' | 'path', number>;
  #view = new DataView(new ArrayBuffer(0)) as DataView;
  #bytes = Buffer.alloc(0) as Buffer;

  constructor(btf: Btf, sink: RecordSink) {
    this.#sink = sink;
    this.#kinds = enumValues(btf, 'host_record');
    this.#flags = enumValues(btf, 'host_process_flag');
    this.#event = fieldOffsets(btf, 'sonde_event', ['kind']);
    this.#facts = fieldOffsets(btf, 'host_facts', ['parent_tgid', 'namespace_tgid', 'uid', 'flags', 'cgroup', 'comm']);
    this.#fork = fieldOffsets(btf, 'host_fork', ['process', 'facts', 'parent']);
    this.#exec = fieldOffsets(btf, 'host_exec', ['process', 'facts', 'path_size', 'command_size', 'text']);
    this.#exit = fieldOffsets(btf, 'host_exit', ['process']);
    this.#move = fieldOffsets(btf, 'host_cgroup_move', ['process', 'cgroup']);
    this.#cgroup = fieldOffsets(btf, 'host_cgroup', ['cgroup', 'path']);
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
    const fork = this.#fork;
    switch (this.#u32(at + this.#event.kind)) {
      case this.#kinds['HOST_FORK']:
        return this.#sink.fork(this.#key(at + fork.process), this.#birth(at + fork.facts), this.#key(at + fork.parent));
      case this.#kinds['HOST_EXEC']:
        return void this.#readExec(at);
      case this.#kinds['HOST_EXIT']:
        return this.#sink.exit(this.#key(at + this.#exit.process));
      case this.#kinds['HOST_CGROUP_MOVE']:
        return this.#sink.cgroupMoved(this.#key(at + this.#move.process), this.#u64(at + this.#move.cgroup));
      case this.#kinds['HOST_CGROUP_MAKE']:
        return this.#sink.cgroupMade(this.#u64(at + this.#cgroup.cgroup), this.#text(at + this.#cgroup.path));
      case this.#kinds['HOST_CGROUP_REMOVE']:
        return this.#sink.cgroupRemoved(this.#u64(at + this.#cgroup.cgroup), this.#text(at + this.#cgroup.path));
    }
  }

  /** Returns the length of the record. */
  #readExec(at: number): number {
    const { process, facts, path_size, command_size, text } = this.#exec;
    const pathEnd = at + text + this.#u32(at + path_size);
    const end = pathEnd + this.#u32(at + command_size);
    const flags = this.#u32(at + facts + this.#facts.flags);
    this.#sink.exec(this.#key(at + process), this.#birth(at + facts), {
      executable: joinPath(this.#bytes.toString('utf8', at + text, pathEnd), (flags & this.#flags['HOST_PATH_CUT']!) !== 0),
      command: end > pathEnd ? this.#bytes.toString('utf8', pathEnd, end) : undefined,
      commandCut: (flags & this.#flags['HOST_COMMAND_CUT']!) !== 0,
    });
    return end - at;
  }

  #key(at: number): ProcessKey {
    return { tgid: this.#u32(at), execId: this.#u32(at + 4), start: this.#u64(at + 8) };
  }

  #birth(at: number): Birth {
    const { parent_tgid, namespace_tgid, uid, flags, cgroup, comm } = this.#facts;
    return {
      parentPid: this.#u32(at + parent_tgid),
      namespacePid: this.#u32(at + namespace_tgid),
      userId: this.#u32(at + uid),
      kernelThread: (this.#u32(at + flags) & this.#flags['HOST_KERNEL_THREAD']!) !== 0,
      cgroup: this.#u64(at + cgroup),
      comm: this.#text(at + comm),
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

/** `node\0bin\0usr\0` → `/usr/bin/node` */
function joinPath(names: string, cut: boolean): string {
  if (names === '') return '';
  const path = names.split('\0').slice(0, -1).reverse().join('/');
  return cut ? `…/${path}` : `/${path}`;
}
