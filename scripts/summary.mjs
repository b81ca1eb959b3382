// SPDX-License-Identifier: Apache-2.0
// Prints `<N> passed, <M> failed` from vitest's JSON results and the exit code of what ran; fails if anything did.
import { readFileSync } from 'node:fs';

const [results, exitCode] = process.argv.slice(2);
const { passed, failed } = count(results);
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
