// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** What the commands fetch and remember for themselves; may be deleted at any time. */
export const tools = join(root, '.tools');

/** The path of a program that an npm package brings. */
export function packageProgram(name) {
  return join(root, 'node_modules/.bin', name);
}
