// SPDX-License-Identifier: Apache-2.0
export { Rules } from './rules.ts';
export type * from './types.ts';
