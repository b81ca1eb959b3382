// SPDX-License-Identifier: Apache-2.0
// Prints `<N> passed, <M> failed` from the exit code of what ran and vitest's JSON results; fails if anything did.
import { readFileSync } from 'node:fs';

const [exitCode, ...results] = process.argv.slice(2);
const counts = results.map(count);
const passed = counts.reduce((sum, each) => sum + each.passed, 0);
const failed = counts.reduce((sum, each) => sum + each.failed, 0);
const broken = exitCode !== '0' && failed === 0 ? 1 : 0; // the build, a file that could not be read, or the linter
console.log(`${passed} passed, ${failed + broken} failed`);
process.exitCode = failed + broken > 0 || passed === 0 ? 1 : 0;

function count(file) {
  try {
    const summary = JSON.parse(readFileSync(file, 'utf8'));
    return { passed: summary.numPassedTests, failed: summary.numFailedTests };
  } catch {
    return { passed: 0, failed: 0 }; // nothing was built, so nothing ran
  }
}
