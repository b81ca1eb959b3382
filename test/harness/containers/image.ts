// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { run } from '../child.ts';
import { findTool } from '../tools.ts';

/** What the image of `makeImage` is called. */
export const imageName = 'localhost/sonde-test:1';

/**
 * Makes a container image without a registry: Debian's static busybox and these static programs in `/bin`, as the archive
 * that docker, podman and ctr load.
 */
export async function makeImage(archive: string, programs: readonly string[] = []): Promise<void> {
  await packImage(archive, imageName, { Cmd: ['sleep', '600'], Env: ['PATH=/bin'] }, (root) => {
    addBusybox(root, ['sh', 'sleep', 'true', 'cat']);
    for (const program of programs) copyFileSync(program, join(root, 'bin', basename(program)));
  });
}

/** Puts Debian's static busybox into `/bin` of an image, under these names too. */
export function addBusybox(root: string, applets: readonly string[]): void {
  const bin = join(root, 'bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync(findTool('busybox'), join(bin, 'busybox'));
  for (const applet of applets) symlinkSync('busybox', join(bin, applet));
}

/**
 * Packs an image of one layer.
 * @param config as OCI has it: `Cmd`, `Entrypoint`, `Env` …
 * @param fill puts files into the folder that becomes `/`
 */
export async function packImage(archive: string, name: string, config: object, fill: (root: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-image-'));
  try {
    const root = join(folder, 'root');
    mkdirSync(root);
    await fill(root);
    await pack(folder, archive, name, config);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function pack(folder: string, archive: string, name: string, own: object): Promise<void> {
  await run('tar', ['--owner=0', '--group=0', '--numeric-owner', '-C', join(folder, 'root'), '-cf', join(folder, 'layer.tar'), '.']);
  const config = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: own,
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest(readFileSync(join(folder, 'layer.tar')))}`] },
  });
  const configFile = `${digest(config)}.json`;
  writeFileSync(join(folder, configFile), config);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify([{ Config: configFile, RepoTags: [name], Layers: ['layer.tar'] }]));
  await run('tar', ['-C', folder, '-cf', archive, configFile, 'manifest.json', 'layer.tar']);
}

function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
