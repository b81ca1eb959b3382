// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import { matchesGlob, resolve } from 'node:path';

/**
 * Refuses a package whose decoder the user has not allowed to run in the host.
 * @param directory the package's, absolute, links resolved
 * @param allow globs on npm names (`@sonde/probe-*`) or on absolute directories (`/opt/probes/*`)
 * @throws SONDE_DECODER_NOT_ALLOWED
 */
export function assertDecoderAllowed(packageName: string, directory: string, allow: readonly string[]): void {
  const isAllowed = allow.some((glob) => matchesGlob(glob.startsWith('/') ? resolve(directory) : packageName, glob));
  if (!isAllowed) throw sondeError('SONDE_DECODER_NOT_ALLOWED', { package: packageName });
}
