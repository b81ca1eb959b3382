// SPDX-License-Identifier: Apache-2.0
import type { Answer } from './protocol.ts';

/** The buffers of an answer, which go to the host without being copied. */
export function transferables(answer: Answer): ArrayBuffer[] {
  if (answer.type !== 'done') return [];
  const { buffer, columns } = answer;
  const buffers = buffer ? [buffer] : [];
  if (columns === undefined) return buffers;
  buffers.push(columns.processes.buffer);
  for (const { rowProcess, rows, scalars, histograms, buckets } of columns.entities) {
    buffers.push(rowProcess.buffer, rows.buffer, scalars.buffer, histograms.buffer, buckets.buffer);
  }
  if (columns.events) {
    const { kinds, times, processes, weights } = columns.events;
    buffers.push(kinds.buffer, times.buffer, processes.buffer, weights.buffer);
  }
  if (columns.spans) {
    const { kinds, starts, ends, processes, weights } = columns.spans;
    buffers.push(kinds.buffer, starts.buffer, ends.buffer, processes.buffer, weights.buffer);
  }
  return buffers;
}
