// SPDX-License-Identifier: Apache-2.0
import { arch, release } from 'node:os';
import { features } from '@sonde/native';
import type { KernelReport } from './types.ts';

/** Asks the kernel what it can do, by trying. */
export async function kernelReport(): Promise<KernelReport> {
  const { programTypes, mapTypes, ...single } = await features();
  return {
    release: release(),
    architecture: arch(),
    features: answered(single),
    programTypes: answered(programTypes),
    mapTypes: answered(mapTypes),
  };
}

/** JSON has no `undefined`, and what could not be told must not look as if it had not been asked. */
function answered(found: object): Record<string, boolean | null> {
  return Object.fromEntries(
    Object.entries(found).map(([name, isThere]) => [name, (isThere as boolean | undefined) ?? null]),
  );
}
