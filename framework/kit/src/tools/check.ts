// SPDX-License-Identifier: Apache-2.0
import path from 'node:path';
import { asSondeError, joinErrors, type SondeError } from '../errors/index.ts';
import { checkManifest, loadManifest, type Manifest, type ManifestFile } from '../manifest/index.ts';
import type { Command } from './command.ts';
import { missingFile, withPackageObjects } from './package-object.ts';

export const checkCommand: Command = {
  summary: 'check probe.yaml, by itself and against the BPF object',
  help: `Reads probe.yaml and says everything that is wrong with it, each with file, line, column, and what to do:
unknown keys and wrong types, names that nothing declares, and programs, maps, structs, fields and globals that
the object does not have. Needs a built package, but no privileges: nothing is loaded into the kernel.

Exit code 0 if nothing is wrong, 3 otherwise.`,
  json: true,
  run: async (folders, { json }) => {
    const results = await Promise.all(folders.map(checkPackage));
    const problems = results.flatMap((result) => result.problems);
    if (json) console.log(JSON.stringify(results, null, 2));
    else for (const { manifest } of results) if (manifest) console.log(summary(manifest));
    if (problems.length === 0) return;
    if (json) process.exitCode = 3;
    else throw joinErrors(problems, folders.join(', '));
  },
};

interface CheckResult {
  folder: string;
  ok: boolean;
  problems: readonly SondeError[];
  /** Only if nothing is wrong. */
  manifest?: Manifest;
}

/** Everything that is wrong with the package in a folder. */
export async function checkPackage(folder: string): Promise<CheckResult> {
  const result = await readPackage(folder);
  return { folder: path.resolve(folder), ok: result.problems.length === 0, ...result };
}

async function readPackage(folder: string): Promise<Pick<CheckResult, 'problems' | 'manifest'>> {
  try {
    const source = await loadManifest(folder);
    const problems = await checkFiles(source);
    return problems.length === 0 ? { problems, manifest: source.manifest } : { problems };
  } catch (thrown) {
    const error = asSondeError(thrown);
    return { problems: error.problems.length > 0 ? error.problems : [error] };
  }
}

function checkFiles(source: ManifestFile): Promise<SondeError[]> {
  return withPackageObjects(source, (objects) => {
    const decoder = missingFile(source, 'decoder');
    return [...(decoder ? [decoder] : []), ...checkManifest(source, objects.map(({ object }) => object))];
  });
}

function summary({ name, collectors, entities = {}, events = {}, spans = {} }: Manifest): string {
  const metrics = Object.values(entities).flatMap((entity) => Object.keys(entity.metrics));
  const counts = [
    count(Object.keys(collectors), 'collector'),
    count(metrics, 'metric'),
    count(Object.keys(events), 'event'),
    ...(Object.keys(spans).length > 0 ? [count(Object.keys(spans), 'kind of span', 'kinds of span')] : []),
  ];
  return `${name}: nothing is wrong (${counts.join(', ')})`;
}

function count(names: readonly string[], noun: string, nouns = `${noun}s`): string {
  return `${names.length} ${names.length === 1 ? noun : nouns}`;
}
