// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { run } from '../child.ts';
import { findTool } from '../tools.ts';

/** What every image is called. */
export const imageName = 'localhost/sonde-test:1';

/**
 * Makes a container image without a registry: Debian's static busybox and these static programs in `/bin`, as the archive
 * that docker, podman and ctr load.
 */
export async function makeImage(archive: string, programs: readonly string[] = []): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sonde-image-'));
  try {
    const bin = join(folder, 'root/bin');
    mkdirSync(bin, { recursive: true });
    copyFileSync(findTool('busybox'), join(bin, 'busybox'));
    for (const applet of ['sh', 'sleep', 'true', 'cat']) symlinkSync('busybox', join(bin, applet));
    for (const program of programs) copyFileSync(program, join(bin, basename(program)));
    await pack(folder, archive);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function pack(folder: string, archive: string): Promise<void> {
  await run('tar', ['--owner=0', '--group=0', '--numeric-owner', '-C', join(folder, 'root'), '-cf', join(folder, 'layer.tar'), '.']);
  const config = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Cmd: ['sleep', '600'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest(readFileSync(join(folder, 'layer.tar')))}`] },
  });
  const configFile = `${digest(config)}.json`;
  writeFileSync(join(folder, configFile), config);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify([{ Config: configFile, RepoTags: [imageName], Layers: ['layer.tar'] }]));
  await run('tar', ['-C', folder, '-cf', archive, configFile, 'manifest.json', 'layer.tar']);
}

function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
