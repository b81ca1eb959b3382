// SPDX-License-Identifier: Apache-2.0
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openObject, type BpfObject } from '@sonde/native';
import { buildObjects } from '../src/tools/build-objects.ts';

/** Compiles `<name>.bpf.c` with clang and opens the object, without loading it. */
export async function openBuilt(source: string): Promise<BpfObject> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sonde-kit-'));
  try {
    await mkdir(path.join(folder, 'bpf'));
    await copyFile(source, path.join(folder, 'bpf', path.basename(source)));
    const objects = await buildObjects(folder);
    return await openObject(objects.map(({ output }) => output).join());
  } finally {
    await rm(folder, { recursive: true });
  }
}
