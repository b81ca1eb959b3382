// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Programs for administrators, which a user's PATH may lack, and Debian's Prometheus where `npm test` unpacked it. */
const programs = ['/usr/sbin', '/sbin', join(import.meta.dirname, '.tools/debian/usr/bin')];
const env = { PATH: [process.env.PATH, ...programs].join(':') };

/** Tests of one package run side by side. */
const unit = (name: string, root: string) => ({
  test: { name, root, env, include: ['test/**/*.test.ts'], testTimeout: 30_000 },
});

/** Tests of the whole host measure: they run after the others, one file at a time. */
const whole = (name: string, root: string, include: string[]) => ({
  test: {
    name,
    root,
    env,
    include,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    sequence: { groupOrder: 1 },
  },
});

export default defineConfig({
  test: {
    projects: [
      unit('native', 'native'),
      unit('kit', 'framework/kit'),
      unit('host', 'framework/host'),
      whole('end-to-end', 'test', ['*.test.ts', 'harness/*.test.ts']),
      whole('probes', 'probes', ['*/test/**/*.test.ts']),
    ],
  },
});
