// SPDX-License-Identifier: Apache-2.0
export type * from './types.ts';
export { NO_PROCESS } from './types.ts';
export { defineDecoder } from './define-decoder.ts';
export { MASK, redact, SECRET_NAME } from './redact.ts';
