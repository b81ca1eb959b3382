// SPDX-License-Identifier: Apache-2.0
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const read = (path: string): string => readFileSync(join(repository, path), 'utf8');

/** An attribute in quotes: a whole name, or what comes before a key. */
const NAMES = /['`]((?:process|container|k8s|host|os|systemd|service)\.[a-z0-9_]+(?:\.[a-z0-9_]+)*)(?:\.\$\{key\})?['`]/g;

/** The names of attributes in the rooms that put labels on processes; `<key>` stands for a key of its owner's. */
function namesInCode(): Set<string> {
  const files = globSync('framework/host/src/{identity,containers,kubernetes,labels}/**/*.ts', { cwd: repository });
  const found = files.flatMap((file) => [...read(file).matchAll(NAMES)]);
  return new Set(found.map(([text, name]) => (text.includes('${key}') ? `${name}.<key>` : name!)));
}

/** The first column of the tables under "Labels". */
function namesInPage(): Set<string> {
  const rows = read('docs/labels.md').split('\n').filter((line) => line.startsWith('| `'));
  return new Set(rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)));
}

test('the page of labels lists every label that the host can give, and no other', () => {
  const names = namesInCode();
  expect([...names].sort()).toEqual([...namesInPage()].sort());
  expect(names).toContain('k8s.pod.label.<key>');
  expect(names.size).toBeGreaterThan(40);
});
