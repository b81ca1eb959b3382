// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import path from 'node:path';
import { NativeError, openObject, type BpfObject } from '@sonde/native';
import { sondeError, type SondeError } from '../errors/index.ts';
import { objectNames, type ManifestFile } from '../manifest/index.ts';

/**
 * Opens the objects that a manifest names, without loading them, for as long as `body` runs.
 * @throws SONDE_PACKAGE_FILE_MISSING, SONDE_OBJECT_CORRUPT, and what `body` throws
 */
export async function withPackageObjects<Result>(
  source: ManifestFile,
  body: (objects: readonly NamedObject[]) => Result | Promise<Result>,
): Promise<Result> {
  const missing = missingFile(source, 'object');
  if (missing) throw missing;
  const objects: NamedObject[] = [];
  try {
    for (const name of objectNames(source.manifest)) objects.push({ name, object: await open(source, name) });
    return await body(objects);
  } finally {
    await Promise.all(objects.map(({ object }) => object.close()));
  }
}

/** An object and how the manifest names it. */
export interface NamedObject {
  name: string;
  object: BpfObject;
}

async function open(source: ManifestFile, name: string): Promise<BpfObject> {
  try {
    return await openObject(path.resolve(source.directory, name));
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
  const files = key === 'object' ? objectNames(manifest) : manifest.decoder === undefined ? [] : [manifest.decoder];
  const file = files.find((each) => !existsSync(path.resolve(directory, each)));
  if (file === undefined) return undefined;
  return sondeError('SONDE_PACKAGE_FILE_MISSING', { package: directory, key, path: file }, { place: place(`/${key}`) });
}
