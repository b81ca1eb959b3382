// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { loadManifest, objectNames, sondeError } from '@sonde/kit';
import { findPackage, isPath } from './find-package.ts';
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
  const objectFiles = objectNames(manifest).map((object) => inside(directory, object, 'object'));
  const decoderFile = manifest.decoder === undefined ? undefined : inside(directory, manifest.decoder, 'decoder');
  for (const file of [directory, manifestFile, ...objectFiles]) refuseWritable(file);
  if (decoderFile !== undefined) for (const file of withNeighbours(decoderFile)) refuseWritable(file);
  return {
    name: description.name,
    version: description.version,
    ...(!isPath(reference) && { npmName: reference }),
    directory,
    manifest,
    source,
    objectFiles,
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

/** A decoder and what lies beside it, which it may import. */
function withNeighbours(file: string): string[] {
  const folder = dirname(file);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path));
}

/**
 * What root loads must not be writable by anyone who could not change the host itself, and no folder on the way to it,
 * where it could be exchanged: owners and groups are those of root, of who runs the host, or of the host's own files.
 */
function refuseWritable(path: string): void {
  const host = statSync(import.meta.filename);
  const users = [0, process.geteuid!(), host.uid];
  const groups = [0, process.getegid!(), host.gid];
  for (let at = path; ; at = dirname(at)) {
    const { mode, uid, gid } = statSync(at);
    const isOpen = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !groups.includes(gid));
    // in a folder like /tmp nobody may rename what is another's
    const isSticky = at !== path && (mode & 0o1000) !== 0;
    if (!users.includes(uid) || (isOpen && !isSticky)) {
      throw sondeError('SONDE_PACKAGE_WRITABLE', { path: at, owner: uid, mode: (mode & 0o7777).toString(8) });
    }
    if (at === dirname(at)) return;
  }
}
