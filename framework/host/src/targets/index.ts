// SPDX-License-Identifier: Apache-2.0
export { openTargets } from './open-targets.ts';
export type * from './types.ts';
