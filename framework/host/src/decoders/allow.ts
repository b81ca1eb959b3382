// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import { matchesGlob } from 'node:path';

/** Where a package was found: by its npm name, or by its path alone. */
export interface PackagePlace {
  npmName?: string;
  /** Absolute, links resolved. */
  directory: string;
}

/**
 * Refuses a package whose decoder the user has not allowed to run in the host.
 * @param allow globs on npm names (`@acme/probe-*`), or on absolute directories (`/opt/probes/*`)
 * @throws SONDE_DECODER_NOT_ALLOWED
 */
export function assertDecoderAllowed({ npmName = '', directory }: PackagePlace, allow: readonly string[]): void {
  const isAllowed = allow.some((glob) => matchesGlob(glob.startsWith('/') ? directory : npmName, glob));
  if (!isAllowed) throw sondeError('SONDE_DECODER_NOT_ALLOWED', { package: npmName || directory });
}
