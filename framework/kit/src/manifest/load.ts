// SPDX-License-Identifier: Apache-2.0
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { joinErrors, sondeError, type Place } from '../errors/index.ts';
import { validateYaml } from '../input/index.ts';
import { checkReferences } from './check/references.ts';
import type { Manifest } from './generated/types.ts';
import { manifestValidator } from './validator.ts';

/** A manifest and where it came from. Paths in it are relative to `directory`. */
export interface ManifestFile {
  readonly file: string;
  readonly directory: string;
  readonly manifest: Manifest;
  /** Where the part with this JSON pointer stands. */
  readonly place: (pointer: string) => Place;
}

/**
 * Reads a manifest and checks all that can be checked without its object: keys, types, names declared elsewhere in it.
 * @param location the manifest or the folder with `probe.yaml`
 * @throws one SondeError, with all problems in `problems` if there are several; SONDE_FILE_UNREADABLE
 */
export async function loadManifest(location: string): Promise<ManifestFile> {
  const file = (await isDirectory(location)) ? path.join(location, 'probe.yaml') : location;
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw sondeError(
      'SONDE_FILE_UNREADABLE',
      { file, reason: cause.code ?? cause.message },
      { place: { file }, cause },
    );
  });
  return parseManifest(text, file);
}

/** `loadManifest` for a text that was read already. */
export function parseManifest(text: string, file: string): ManifestFile {
  const { value: manifest, place } = validateYaml(text, file, manifestValidator);
  const source = { file, directory: path.dirname(path.resolve(file)), manifest, place };
  const problems = checkReferences(source);
  if (problems.length > 0) throw joinErrors(problems, file);
  return source;
}

async function isDirectory(location: string): Promise<boolean> {
  return stat(location).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
