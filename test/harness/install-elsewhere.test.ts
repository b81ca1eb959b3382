// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from './child.ts';
import { installElsewhere } from './install-elsewhere.ts';
import { repository } from './paths.ts';

test('a package is installed from its tarball with all it needs, and can be imported there', { timeout: 120_000 }, async () => {
  using installation = await installElsewhere('@sonde/kit');
  expect(installation.path.startsWith(repository)).toBe(false);
  expect(existsSync(join(installation.packageFolder('@sonde/kit'), 'include/sonde/probe.h'))).toBe(true);
  const script = "import('@sonde/kit').then((kit) => console.log(typeof kit.loadManifest))";
  expect(await run(process.execPath, ['--eval', script], { cwd: installation.path })).toBe('function\n');
});
