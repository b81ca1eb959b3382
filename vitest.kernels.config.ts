// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

/** Tests in guests with other kernels: `npm run test:kernels`. */
export default defineConfig({
  test: {
    name: 'kernels',
    root: 'test/kernels',
    include: ['*.test.ts'],
    testTimeout: 10_000,
    hookTimeout: 700_000,
    fileParallelism: false,
  },
});
