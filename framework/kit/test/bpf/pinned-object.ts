// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildFixture } from './build-fixture.ts';

/** An object in the kernel, driven by bpftool: it runs a program on given data, which the addon has no call for. */
export interface PinnedObject {
  /** Runs a program on a packet (BPF_PROG_RUN), and answers what it returned. */
  run(program: string, packet?: Uint8Array, repeat?: number): number;
  /** All entries of a map, formatted by its BTF; of a per-CPU map `values` has one for each CPU. */
  dump(map: string): { key: unknown; value: unknown; values: { value: unknown }[] }[];
  /** Adds up the lanes of a per-CPU array of numbers. */
  count(map: string, index: number): number;
  close(): Promise<void>;
}

/** Builds a source of `fixtures/` and loads all of its programs. Pinned below /sys/fs/bpf until `close()`. */
export async function loadPinned(source: string): Promise<PinnedObject> {
  const fixture = await buildFixture(source);
  const pins = `/sys/fs/bpf/sonde-kit-${process.pid}-${basename(source, '.bpf.c')}`;
  bpftool('prog', 'loadall', fixture.object, pins, 'pinmaps', join(pins, 'maps'));
  const dump: PinnedObject['dump'] = (map) => {
    const entries = JSON.parse(bpftool('-j', 'map', 'dump', 'pinned', join(pins, 'maps', map)));
    return entries.map(({ formatted }: { formatted: unknown }) => formatted);
  };
  return {
    run(program, packet = new Uint8Array(64), repeat = 1) {
      const file = join(fixture.folder, 'packet');
      writeFileSync(file, packet);
      const options = ['data_in', file, 'repeat', String(repeat)];
      return JSON.parse(bpftool('-j', 'prog', 'run', 'pinned', join(pins, program), ...options)).retval;
    },
    dump,
    count(map, index) {
      const lanes = dump(map).find(({ key }) => key === index)?.values ?? [];
      return lanes.reduce((sum, { value }) => sum + (typeof value === 'number' ? value : (value as { count: number }).count), 0);
    },
    close() {
      rmSync(pins, { recursive: true });
      return fixture.remove();
    },
  };
}

function bpftool(...args: string[]): string {
  return execFileSync('bpftool', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
}
