// SPDX-License-Identifier: Apache-2.0
export { NativeError } from './errors.ts';
export type { NativeErrorCode, NativeErrorDetails } from './errors.ts';
export type * from './types.ts';
