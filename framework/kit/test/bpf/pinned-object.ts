// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildObjects } from '../../src/tools/build-objects.ts';

/** An object in the kernel, driven by bpftool: it runs a program on given data, which the addon has no call for. */
export interface PinnedObject {
  /** Runs a program on a packet (BPF_PROG_RUN). @returns its return value and ns a run */
  run(program: string, packet: Uint8Array, repeat?: number): { retval: number; duration: number };
  /** All entries of a map, formatted by its BTF. */
  dump(map: string): { key: unknown; value: unknown }[];
  close(): void;
}

/** Builds a source of `fixtures/` and loads all of its programs. Pinned below /sys/fs/bpf until `close()`. */
export async function loadPinned(source: string): Promise<PinnedObject> {
  const name = basename(source, '.bpf.c');
  const folder = mkdtempSync(join(tmpdir(), 'sonde-kit-'));
  mkdirSync(join(folder, 'bpf'));
  copyFileSync(join(import.meta.dirname, 'fixtures', source), join(folder, 'bpf', source));
  await buildObjects(folder);
  const pins = `/sys/fs/bpf/sonde-kit-${process.pid}-${name}`;
  bpftool('prog', 'loadall', join(folder, 'dist', `${name}.bpf.o`), pins, 'pinmaps', join(pins, 'maps'));
  return {
    run(program, packet, repeat = 1) {
      const file = join(folder, 'packet');
      writeFileSync(file, packet);
      const options = ['data_in', file, 'repeat', String(repeat)];
      return JSON.parse(bpftool('-j', 'prog', 'run', 'pinned', join(pins, program), ...options));
    },
    dump(map) {
      const entries = JSON.parse(bpftool('-j', 'map', 'dump', 'pinned', join(pins, 'maps', map)));
      return entries.map(({ formatted }: { formatted: { key: unknown; value: unknown } }) => formatted);
    },
    close() {
      rmSync(pins, { recursive: true });
      rmSync(folder, { recursive: true });
    },
  };
}

function bpftool(...args: string[]): string {
  return execFileSync('bpftool', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
}
