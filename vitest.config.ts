// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

const unit = (name: string, root: string) => ({
  test: { name, root, include: ['test/**/*.test.ts'], testTimeout: 30_000 },
});

/** Unit tests run side by side; those of the whole host come after them, one file at a time: they measure. */
export default defineConfig({
  test: {
    projects: [
      unit('native', 'native'),
      unit('kit', 'framework/kit'),
      unit('host', 'framework/host'),
      {
        test: {
          name: 'end-to-end',
          root: 'test',
          include: ['*.test.ts', 'harness/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
