// SPDX-License-Identifier: Apache-2.0
// `npm run lint`: the types of tests and benchmarks, the linter, and whether the generated files are what their sources say.
import { join } from 'node:path';
import { build } from './lib/build.mjs';
import { packageProgram, root } from './lib/paths.mjs';
import { prepared } from './lib/prepare.mjs';
import { inForeground, main } from './lib/progress.mjs';

const tests = ['native/test', 'framework/kit/test', 'framework/host/test', 'test', 'probes/l7/test', 'bench'];
const checks = [
  ...tests.map((folder) => [packageProgram('tsc'), ['-p', folder]]),
  [packageProgram('oxlint'), ['--type-aware', '--max-warnings', '0']],
  [process.execPath, [join(root, 'scripts/generate/main.mjs'), '--check']],
];

await main(() =>
  prepared({}, async () => {
    await build();
    const codes = [];
    for (const [command, args] of checks) codes.push(await inForeground(command, args, { cwd: root }));
    return codes.find((code) => code !== 0) ?? 0;
  }),
);
