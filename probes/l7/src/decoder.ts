// SPDX-License-Identifier: Apache-2.0
import { defineDecoder } from '@sonde/kit/decoder';
import { httpSpans } from './http-span.ts';
import { redisSpans } from './redis-span.ts';

/** `enum protocol` of bpf/engine/connection.h: the kind of a record in the ring `spans`. */
const REDIS = 1;
const HTTP1 = 2;

export default defineDecoder((context) => {
  const tell = new Map([
    [REDIS, redisSpans(context)],
    [HTTP1, httpSpans(context)],
  ]);
  return {
    onRecords(batch, emit) {
      if (batch.ring !== 'spans') return;
      while (batch.next()) tell.get(batch.kind)?.(batch, emit);
    },
  };
});
