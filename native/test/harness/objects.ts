// SPDX-License-Identifier: Apache-2.0
import { onTestFinished } from 'vitest';

import { openObject } from '../../src/object.ts';
import type { BpfObject } from '../../src/types.ts';
import { testFile } from './files.ts';

/** Opens a test object, and closes it when the test has finished. */
export async function open(name: string): Promise<BpfObject> {
  const object = await openObject(testFile(`${name}.bpf.o`));
  onTestFinished(() => object.close());
  return object;
}

/** Opens and loads a test object, with these programs only. */
export async function load(name: string, programs: readonly string[] = []): Promise<BpfObject> {
  const object = await open(name);
  for (const { name: program } of object.programs) object.setProgramAutoload(program, programs.includes(program));
  await object.load();
  return object;
}

/** A global u64. */
export function readU64(object: BpfObject, variable: string, index = 0): number {
  return Number(new DataView(object.readGlobal(variable, index * 8, 8).buffer).getBigUint64(0, true));
}

export const u32 = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
export const u64 = (...values: number[]) => new Uint8Array(BigUint64Array.from(values, BigInt).buffer);
