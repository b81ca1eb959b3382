// SPDX-License-Identifier: Apache-2.0
export { symbolOffset, symbols } from './elf.ts';
export { NativeError } from './errors.ts';
export type { NativeErrorCode, NativeErrorDetails } from './errors.ts';
export { findHooks } from './hooks.ts';
export { clockOffset, enableStats, features, kallsyms, kernelEnum, possibleCpus } from './kernel.ts';
export { openObject, runIterator } from './object.ts';
export { PERF_EVENTS } from './perf-events.ts';
export { openRing } from './ring.ts';
export type * from './types.ts';
