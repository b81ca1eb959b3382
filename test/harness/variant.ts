// SPDX-License-Identifier: Apache-2.0
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Manifest } from '@sonde/kit';
import { builtInPackage } from './paths.ts';
import { temporaryFolder } from './temporary-folder.ts';

/**
 * A copy of a built-in package as a kernel would leave it that takes nothing of its best: with one of its objects alone, and
 * of the alternatives of each task those whose program `keep` lets pass; and without a decoder, which could import nothing
 * there. It goes away with its scope.
 */
export function variantOf(probe: string, object: string, keep: (program: string) => boolean): { path: string } & Disposable {
  const folder = temporaryFolder();
  const original = builtInPackage(probe);
  for (const part of ['package.json', 'dist']) cpSync(join(original, part), join(folder.path, part), { recursive: true });
  const manifest = parse(readFileSync(join(original, 'probe.yaml'), 'utf8')) as Manifest;
  for (const { programs = {} } of Object.values(manifest.collectors)) {
    for (const [name, task] of Object.entries(programs)) {
      const any = task.any?.filter(({ program }) => keep(program));
      if (any?.length === 0) delete programs[name];
      else if (any !== undefined) task.any = any;
    }
  }
  delete manifest.decoder;
  delete manifest.spans;
  writeFileSync(join(folder.path, 'probe.yaml'), JSON.stringify({ ...manifest, object }));
  return folder;
}
