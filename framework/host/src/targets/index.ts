// SPDX-License-Identifier: Apache-2.0
export { observeTargets } from './instruments.ts';
export { openTargets } from './open-targets.ts';
export type * from './types.ts';
