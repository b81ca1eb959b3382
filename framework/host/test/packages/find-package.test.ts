// SPDX-License-Identifier: Apache-2.0
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isBuiltIn } from '../../src/packages/find-package.ts';

const folder = (path: string): string => realpathSync(fileURLToPath(new URL(`../../../../${path}`, import.meta.url)));

test.each([
  ['@sonde/probe-l7', 'probes/l7', true],
  ['@sonde/probe-l7', 'test/packages/execs', false],
  ['@sonde/probe-nobody', 'probes/l7', false],
  ['@sonde-samples/probe-execs', 'test/packages/execs', false],
  ['@sonde/kit', 'framework/kit', false],
])('a package that calls itself %s, in %s, came with the host: %s', (name, path, expected) => {
  expect(isBuiltIn(name, folder(path))).toBe(expected);
});
