// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

/** Tests against a whole Kubernetes: `npm run test:cluster`. */
export default defineConfig({
  test: {
    name: 'cluster',
    root: 'test/cluster',
    include: ['*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
