// SPDX-License-Identifier: Apache-2.0
// `npm start`: installs what is missing, builds, and runs the host. Arguments are passed on to `sonde run`.
import { join } from 'node:path';
import { build } from './lib/build.mjs';
import { root } from './lib/paths.mjs';
import { prepared } from './lib/prepare.mjs';
import { main } from './lib/progress.mjs';

await main(() =>
  prepared({ privileged: true }, async () => {
    await build();
    const host = join(root, 'framework/host/dist/cli/main.js');
    const config = join(root, 'configs/sonde.yaml');
    const command = [process.execPath, host, 'run', '--config', config, ...process.argv.slice(2)];
    process.execve(process.execPath, command, process.env);
  }),
);
