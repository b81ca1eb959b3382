// SPDX-License-Identifier: Apache-2.0
import { type BpfObject, openObject } from '@sonde/native';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Targets } from '../../src/targets/index.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sonde-targets-'));
const object = join(folder, 'renames.bpf.o');

/** Path of the program that renames itself. */
export const rename = join(folder, 'rename');

export function buildRename(): void {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x86';
  const flags = ['-target', 'bpf', '-g', '-O2', '-mcpu=v3', `-D__TARGET_ARCH_${arch}`, '-I', here('../../../kit/include')];
  const libc = `/usr/include/${arch === 'x86' ? 'x86_64' : 'aarch64'}-linux-gnu`;
  execFileSync('clang', [...flags, '-I', libc, '-c', here('renames.bpf.c'), '-o', object]);
  chmodSync(folder, 0o755); // for other users
  execFileSync('cc', ['-O1', '-o', rename, here('rename.c')]);
}

export function removeRename(): void {
  rmSync(folder, { recursive: true });
}

/** A probe that runs as the lifecycle runs one: own bit, shared map, mode written when told. */
export class RenameProbe {
  readonly name: string;
  readonly #object: BpfObject;

  static async start(name: string, targets: Targets): Promise<RenameProbe> {
    const opened = await openObject(object);
    opened.setGlobal('sonde_probe_bit', 0, u32(targets.bitFor(name)));
    opened.reuseMap('sonde_targets', targets.map);
    await opened.load();
    const probe = new RenameProbe(name, opened);
    targets.on('mode', (which, mode) => {
      if (which === name) opened.setGlobal('sonde_target_mode', 0, u32(mode));
    });
    await opened.attach('on_rename', { kind: 'auto' });
    return probe;
  }

  private constructor(name: string, opened: BpfObject) {
    this.name = name;
    this.#object = opened;
  }

  /** Counts by pid. */
  async counts(): Promise<Map<number, number>> {
    const { count, keys, values } = await this.#object.map('renames').entries();
    const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const totals = new Map<number, number>();
    for (let i = 0; i < count; i++) {
      const pid = view(keys).getUint32(i * 16, true);
      totals.set(pid, (totals.get(pid) ?? 0) + Number(view(values).getBigUint64(i * 8, true)));
    }
    return totals;
  }

  async total(): Promise<number> {
    return [...(await this.counts()).values()].reduce((sum, n) => sum + n, 0);
  }

  get programIds(): number[] {
    return this.#object.programStats().map(({ id }) => id);
  }

  close(): Promise<void> {
    return this.#object.close();
  }
}

/** A living process that renames itself when told. */
export class Renamer {
  readonly #child: ChildProcess;

  static async start(program = rename, { args = [], ...options }: { args?: string[]; uid?: number } = {}): Promise<Renamer> {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
    await once(child.stdout, 'data');
    return new Renamer(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async rename(times: number): Promise<void> {
    this.#child.stdin!.write(`${times}\n`);
    await once(this.#child.stdout!, 'data');
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin!.end();
    await exited;
  }
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
