// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildObjects } from '../../src/tools/build-objects.ts';

export interface Fixture {
  object: string;
  folder: string;
  remove(): Promise<void>;
}

/** Builds a source of `fixtures/` in a folder of its own. */
export async function buildFixture(source: string): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-kit-'));
  mkdirSync(join(folder, 'bpf'));
  copyFileSync(join(import.meta.dirname, 'fixtures', source), join(folder, 'bpf', source));
  await buildObjects(folder);
  const object = join(folder, 'dist', `${basename(source, '.bpf.c')}.bpf.o`);
  return { object, folder, remove: () => rm(folder, { recursive: true }) };
}
