// SPDX-License-Identifier: Apache-2.0
import { installDependencies } from './dependencies.mjs';
import { rerunUnderProjectNode, underProjectNode } from './node24.mjs';
import { SetupError } from './progress.mjs';
import { installSystemPackages } from './system-packages.mjs';

/**
 * Makes ready all that `body` needs, then runs it under the project's Node.js. Resolves with the exit code.
 * Everything up to there runs under whatever Node.js the user has (20 or later), and uses nothing else.
 */
export async function prepared({ privileged = false, tests = false, benchmarks = false, guests = false }, body) {
  requirePlatform(privileged);
  await installSystemPackages({ tests, benchmarks, guests });
  if (!underProjectNode()) return rerunUnderProjectNode();
  await installDependencies();
  return body();
}

function requirePlatform(privileged) {
  if (process.platform !== 'linux') {
    throw new SetupError(`Sonde watches the Linux kernel; this is ${process.platform}. Use a Linux machine or VM.`);
  }
  if (privileged && process.getuid() !== 0) {
    throw new SetupError('Sonde loads programs into the kernel: run this as root, for example with sudo -E.');
  }
}
