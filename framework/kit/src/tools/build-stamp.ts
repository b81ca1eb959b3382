// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * What a file was built from. Contents are compared and not times, since npm gives every installed file, the kit's
 * headers among them, the same old date.
 */
interface Stamp {
  command: string[];
  /** Path → SHA-256 of every file that went in. */
  inputs: Record<string, string>;
}

/** Whether `output` exists and was built by this command from inputs that still say the same. */
export function isUpToDate(output: string, stampFile: string, command: readonly string[]): boolean {
  if (!existsSync(output) || !existsSync(stampFile)) return false;
  const stamp = JSON.parse(readFileSync(stampFile, 'utf8')) as Stamp;
  return (
    stamp.command.join('\0') === command.join('\0') &&
    Object.entries(stamp.inputs).every(([file, digest]) => existsSync(file) && digestOf(file) === digest)
  );
}

/** Remembers what an output was built from, once it is in place. */
export function writeStamp(stampFile: string, command: readonly string[], inputs: readonly string[]): void {
  const stamp = { command, inputs: Object.fromEntries(inputs.map((file) => [file, digestOf(file)])) };
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, JSON.stringify(stamp, null, 2));
}

/** The inputs that a compiler listed in a dependency file of make (`-MD`): `object: source header \⏎ header`. */
export function parseDependencies(text: string): string[] {
  const [, list = ''] = /^[^:]*:([^]*)$/.exec(text) ?? [];
  const names = list.match(/(?:\\ |\\\n|[^\s\\])+/g) ?? [];
  return names.map((name) => name.replaceAll('\\\n', '').replaceAll('\\ ', ' ')).filter((name) => name !== '');
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
