// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../harness/child.ts';
import { addBusybox, packImage } from '../harness/containers/image.ts';
import { installElsewhere } from '../harness/install-elsewhere.ts';
import { fixturePackage } from '../harness/paths.ts';

export const sondeImageName = 'localhost/sonde:test';
/** Where the probe package of the tests is in the image. */
export const valuesInImage = '/opt/values';

/**
 * What `configs/kubernetes/Containerfile` makes, without a registry: the packages of this repository as npm installs them, and
 * this Node.js with the libraries that it needs.
 */
export async function makeSondeImage(archive: string): Promise<void> {
  using installation = await installElsewhere('@sonde/host', '@sonde/probe-tcp', '@sonde/probe-l7');
  const libraries = await librariesOf(process.execPath);
  await packImage(archive, sondeImageName, { Entrypoint: ['sonde'], Cmd: ['run'], Env: ['PATH=/usr/local/bin:/bin'] }, (root) => {
    const place = (path: string): string => {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      return join(root, path);
    };
    for (const library of libraries) copyFileSync(library, place(library));
    copyFileSync(process.execPath, place('/usr/local/bin/node'));
    cpSync(join(installation.path, 'node_modules'), place('/usr/local/lib/node_modules'), { recursive: true, verbatimSymlinks: true });
    symlinkSync('../lib/node_modules/@sonde/host/dist/cli/main.js', place('/usr/local/bin/sonde'));
    addBusybox(root, ['sh', 'env']);
    symlinkSync('/bin/env', place('/usr/bin/env'));
    for (const folder of ['dist', 'probe.yaml', 'package.json']) {
      cpSync(join(fixturePackage('values'), folder), place(`${valuesInImage}/${folder}`), { recursive: true });
    }
  });
}

async function librariesOf(program: string): Promise<string[]> {
  return [...(await run('ldd', [program])).matchAll(/(\/\S+) \(/g)].map(([, path]) => path!);
}
