// SPDX-License-Identifier: Apache-2.0
// `npm run test:cluster`: the tests against a real one-node Kubernetes, which is built the first time (some ten minutes on two
// cores, 4 GB of caches). All of it runs in network and mount namespaces of its own. Arguments are passed on to vitest.
import { build } from './lib/build.mjs';
import { packageProgram, root } from './lib/paths.mjs';
import { prepared } from './lib/prepare.mjs';
import { inForeground, main, progress } from './lib/progress.mjs';

await main(() =>
  prepared({ privileged: true, tests: true }, async () => {
    await build();
    const { hyperkube } = await import('../test/cluster/hyperkube.ts');
    await progress('Building Kubernetes, the first time', hyperkube); // here, for the namespace below has no way out
    const vitest = [packageProgram('vitest'), 'run', '--config', 'vitest.cluster.config.ts', ...process.argv.slice(2)];
    return inForeground('unshare', ['--net', '--mount', '--propagation', 'private', ...vitest], { cwd: root });
  }),
);
