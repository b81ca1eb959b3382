// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** The repository. */
export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** The `sonde` command as built. */
export const sondeCommand = join(repository, 'framework/host/dist/cli/main.js');

/** The `sonde-probe` command as built. */
export const probeCommand = join(repository, 'framework/kit/dist/tools/main.js');

/** The folder of a sample probe package. */
export function samplePackage(name: string): string {
  return join(repository, 'test/packages', name);
}

/** The folder of a probe package that only tests use. */
export function fixturePackage(name: string): string {
  return join(repository, 'test/fixtures', name);
}

/** The folder of a built-in probe package. */
export function builtInPackage(name: string): string {
  return join(repository, 'probes', name);
}
