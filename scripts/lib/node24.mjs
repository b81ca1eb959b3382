// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tools } from './paths.mjs';
import { SetupError, inForeground, progress, quietly } from './progress.mjs';

/** The Node.js that everything is built, tested and run with. */
const version = '24.21.0';
const home = join(tools, 'node_modules/node');
const binary = join(home, 'bin/node');

/** True in a process that runs under the project's own Node.js. */
export function underProjectNode() {
  return process.versions.node === version;
}

/**
 * Runs this same script again under the project's Node.js, first on PATH for npm and all that it starts:
 * npm picks packages by the Node.js it finds there. Resolves with the exit code.
 */
export async function rerunUnderProjectNode() {
  if (installedVersion() !== version) await progress(`Fetching Node.js ${version}`, fetchNode);
  const env = { ...process.env, PATH: `${join(home, 'bin')}:${process.env.PATH}` };
  return inForeground(binary, process.argv.slice(1), { env });
}

function installedVersion() {
  try {
    return JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

/**
 * By the package that holds the binary, under the name `node`. The package that is called node would fetch
 * the same one in an install script, which newer npm refuses to run.
 */
async function fetchNode() {
  if (!['x64', 'arm64'].includes(process.arch)) {
    throw new SetupError(`Sonde runs on x86-64 and arm64; this machine is ${process.arch}.`);
  }
  mkdirSync(tools, { recursive: true });
  const dependencies = { node: `npm:node-linux-${process.arch}@${version}` };
  writeFileSync(join(tools, 'package.json'), `${JSON.stringify({ private: true, dependencies }, undefined, 2)}\n`);
  await quietly('npm', ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund'], { cwd: tools });
}
