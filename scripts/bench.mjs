// SPDX-License-Identifier: Apache-2.0
// `npm run bench -- <name>`: installs what is missing, builds, and runs one benchmark; without a name, says which there are.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './lib/build.mjs';
import { root } from './lib/paths.mjs';
import { prepared } from './lib/prepare.mjs';
import { SetupError, inForeground, main } from './lib/progress.mjs';

const folder = join(root, 'bench');
const [name, ...args] = process.argv.slice(2);
const file = join(folder, `${name}.ts`);

await main(() => {
  if (!existsSync(file)) {
    const names = readdirSync(folder).filter((each) => each.endsWith('.ts')).map((each) => each.slice(0, -3));
    throw new SetupError(`Which benchmark? npm run bench -- <name>, one of: ${names.join(', ')}`);
  }
  return prepared({ privileged: true, tests: true, benchmarks: true }, async () => {
    await build();
    return inForeground(process.execPath, [file, ...args], { cwd: root });
  });
});
