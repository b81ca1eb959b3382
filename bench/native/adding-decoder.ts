// SPDX-License-Identifier: Apache-2.0
/** Adds up the records of ring.ts by four bits of their number, as its other consumers do. */
import { defineDecoder, NO_PROCESS } from '@sonde/kit/decoder';

export default defineDecoder(() => {
  const sums = new Float64Array(16);
  return {
    onRecords(batch, emit) {
      sums.fill(0);
      while (batch.next()) {
        const slot = batch.view.getUint32(batch.offset, true) & 15;
        sums[slot] = sums[slot]! + batch.weight;
      }
      for (const [slot, sum] of sums.entries()) {
        if (sum > 0) emit.add(emit.entity('bench.slot', NO_PROCESS, [String(slot)]), 'bench.records', sum);
      }
    },
  };
});
