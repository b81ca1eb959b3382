// SPDX-License-Identifier: Apache-2.0
// `npm run generate`: writes the generated files anew, from schemas, manifests and tables.
import { join } from 'node:path';
import { build } from './lib/build.mjs';
import { root } from './lib/paths.mjs';
import { prepared } from './lib/prepare.mjs';
import { inForeground, main } from './lib/progress.mjs';

await main(() =>
  prepared({}, async () => {
    await build();
    return inForeground(process.execPath, [join(root, 'scripts/generate/main.mjs'), ...process.argv.slice(2)]);
  }),
);
