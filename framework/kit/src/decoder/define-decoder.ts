// SPDX-License-Identifier: Apache-2.0
import type { DecoderFactory } from './types.ts';

/**
 * Types a package's decoder. It is the default export of the file that the manifest names as `decoder`.
 *
 * @example
 * export default defineDecoder((context) => {
 *   const comm = context.layout('exec_event').text('comm');
 *   return {
 *     onRecords(batch, emit) {
 *       while (batch.next()) {
 *         const row = emit.entity('exec.program', NO_PROCESS, [comm(batch.view, batch.offset)]);
 *         emit.add(row, 'exec.count', batch.weight);
 *       }
 *     },
 *   };
 * });
 */
export function defineDecoder(factory: DecoderFactory): DecoderFactory {
  return factory;
}
