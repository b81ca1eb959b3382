// SPDX-License-Identifier: Apache-2.0
export type * from './types.ts';
export { DECODER_LOSS } from './types.ts';
export { assertDecoderAllowed } from './allow.ts';
export { hasStuckThreads } from './decoder-thread.ts';
export { DecoderWorker, type DecoderWorkerEvents } from './decoder-worker.ts';
