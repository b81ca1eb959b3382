// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { loadManifest, sondeError } from '@sonde/kit';
import { findPackage } from './find-package.ts';
import type { ProbePackage } from './types.ts';

/**
 * Finds a package and reads and validates its manifest, without running or loading anything of it.
 *
 * @param reference npm name or path, as in `package:` of `sonde.yaml`
 * @param baseDirectory what a relative path is relative to
 * @throws SONDE_PACKAGE_NOT_FOUND, SONDE_PACKAGE_INVALID, SONDE_PACKAGE_WRITABLE, SONDE_MANIFEST_*
 */
export async function loadPackage(reference: string, baseDirectory: string): Promise<ProbePackage> {
  const directory = findPackage(reference, baseDirectory);
  const description = readDescription(directory);
  const manifestFile = inside(directory, description.manifest, 'sonde.manifest');
  const source = await loadManifest(manifestFile);
  const { manifest } = source;
  const objectFile = manifest.object === undefined ? undefined : inside(directory, manifest.object, 'object');
  const decoderFile = manifest.decoder === undefined ? undefined : inside(directory, manifest.decoder, 'decoder');
  for (const file of [directory, manifestFile, objectFile, decoderFile]) if (file !== undefined) refuseWritable(file);
  return {
    name: description.name,
    version: description.version,
    directory,
    manifest,
    source,
    ...(objectFile !== undefined && { objectFile }),
    ...(decoderFile !== undefined && { decoderFile }),
  };
}

function readDescription(directory: string): { name: string; version: string; manifest: string } {
  const file = join(directory, 'package.json');
  let json: { name?: unknown; version?: unknown; sonde?: { manifest?: unknown } };
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw sondeError('SONDE_PACKAGE_INVALID', { package: directory, reason: 'its package.json is not JSON' }, { place: { file }, cause });
  }
  const manifest = json.sonde?.manifest ?? './probe.yaml';
  if (typeof json.name !== 'string' || typeof manifest !== 'string') {
    throw sondeError('SONDE_PACKAGE_INVALID', { package: directory, reason: 'its package.json has no name, or sonde.manifest is not a path' }, { place: { file } });
  }
  return { name: json.name, version: typeof json.version === 'string' ? json.version : '0.0.0', manifest };
}

/** A path that the package names must lie in the package, links resolved, and exist. */
function inside(directory: string, path: string, key: string): string {
  const file = resolve(directory, path);
  if (!existsSync(file)) {
    throw sondeError('SONDE_PACKAGE_FILE_MISSING', { package: directory, key, path });
  }
  const real = realpathSync(file);
  const way = relative(directory, real);
  if (way.startsWith(`..${sep}`) || way === '..') {
    throw sondeError('SONDE_PACKAGE_INVALID', { package: directory, reason: `${key} "${path}" leads out of the package` });
  }
  return real;
}

/**
 * What root loads into the kernel must not be writable by anyone who could not change the host itself:
 * its owner is root, the user who runs the host, or the owner of the host's own files.
 */
function refuseWritable(path: string): void {
  const { mode, uid } = statSync(path);
  const trusted = [0, process.geteuid?.() ?? 0, statSync(import.meta.filename).uid];
  if ((mode & 0o002) !== 0 || !trusted.includes(uid)) {
    throw sondeError('SONDE_PACKAGE_WRITABLE', { path, owner: uid, mode: (mode & 0o7777).toString(8) });
  }
}
