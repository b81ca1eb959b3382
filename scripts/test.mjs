// SPDX-License-Identifier: Apache-2.0
// `npm test`: installs what is missing, builds, and runs all tests. Arguments are passed on to vitest.
import { build } from './lib/build.mjs';
import { packageProgram, root } from './lib/paths.mjs';
import { prepared } from './lib/prepare.mjs';
import { inForeground, main } from './lib/progress.mjs';

await main(() =>
  prepared({ privileged: true, tests: true }, async () => {
    await build();
    return inForeground(packageProgram('vitest'), ['run', ...process.argv.slice(2)], { cwd: root });
  }),
);
