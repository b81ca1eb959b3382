// SPDX-License-Identifier: Apache-2.0
// `npm run build`: installs what is missing and builds what is older than its sources.
import { build } from './lib/build.mjs';
import { prepared } from './lib/prepare.mjs';
import { main } from './lib/progress.mjs';

await main(() => prepared({}, build));
