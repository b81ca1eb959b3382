// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import path from 'node:path';
import { NativeError, openObject, type BpfObject } from '@sonde/native';
import { sondeError, type SondeError } from '../errors/index.ts';
import type { ManifestFile } from '../manifest/index.ts';

/**
 * Opens the object that a manifest names, without loading it; undefined if it names none.
 * @throws SONDE_PACKAGE_FILE_MISSING, SONDE_OBJECT_CORRUPT
 */
export async function openPackageObject(source: ManifestFile): Promise<BpfObject | undefined> {
  const { object } = source.manifest;
  if (object === undefined) return undefined;
  const missing = missingFile(source, 'object');
  if (missing) throw missing;
  const file = path.resolve(source.directory, object);
  try {
    return await openObject(file);
  } catch (cause) {
    if (!(cause instanceof NativeError)) throw cause;
    const place = source.place('/object');
    throw sondeError('SONDE_OBJECT_CORRUPT', { reason: cause.summary ?? cause.message }, { place, cause });
  }
}

/** SONDE_PACKAGE_FILE_MISSING if the manifest names a file that is not there. */
export function missingFile(
  { manifest, directory, place }: ManifestFile,
  key: 'object' | 'decoder',
): SondeError | undefined {
  const file = manifest[key];
  if (file === undefined || existsSync(path.resolve(directory, file))) return undefined;
  return sondeError('SONDE_PACKAGE_FILE_MISSING', { package: directory, key, path: file }, { place: place(`/${key}`) });
}
