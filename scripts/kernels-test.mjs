// SPDX-License-Identifier: Apache-2.0
// `npm run test:kernels`: the probes in guests with other kernels, which are fetched from Debian and emulated by QEMU (some
// five minutes on two cores). Arguments are passed on to vitest.
import { build } from './lib/build.mjs';
import { packageProgram, root } from './lib/paths.mjs';
import { prepared } from './lib/prepare.mjs';
import { inForeground, main } from './lib/progress.mjs';

await main(() =>
  prepared({ privileged: true, tests: true, guests: true }, async () => {
    await build();
    const vitest = ['run', '--config', 'vitest.kernels.config.ts', ...process.argv.slice(2)];
    return inForeground(packageProgram('vitest'), vitest, { cwd: root });
  }),
);
