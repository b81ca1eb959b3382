// SPDX-License-Identifier: Apache-2.0
import type { LossLedger } from '../../series/types.ts';
import { recordsOf } from './memory-queue.ts';
import { Rate } from './rate.ts';
import type { Chunk, PushLoss } from './types.ts';

/** What became of the records that a sink was given: each is delivered or lost, and the lost are in the ledger. */
export class Account {
  readonly #sink: string;
  readonly #loss: Pick<LossLedger, 'add'>;
  readonly #rate = new Rate();
  delivered = 0;
  lost = 0;
  /** Milliseconds since 1970. */
  lastDelivery: number | undefined;

  constructor(sink: string, loss: Pick<LossLedger, 'add'>) {
    this.#sink = sink;
    this.#loss = loss;
  }

  /** Delivered records a second, of late. */
  get rate(): number {
    return this.#rate.now();
  }

  /** @param refused how many of them the other end did not take. It does not say whose; each probe bears its share. */
  deliver(chunks: readonly Chunk<unknown>[], refused = 0): void {
    const counts = sum(chunks);
    const total = Math.max(
      1,
      chunks.reduce((records, chunk) => records + recordsOf(chunk), 0),
    );
    let [seen, borne] = [0, 0];
    for (const [probe, count] of counts) {
      seen += count;
      const share = Math.round((Math.min(refused, total) * seen) / total) - borne;
      borne += share;
      if (share > 0) this.#lose(probe, 'refused', share);
    }
    this.delivered += seen - borne;
    this.#rate.add(seen - borne);
    this.lastDelivery = Date.now();
  }

  lose(chunks: readonly Chunk<unknown>[], cause: PushLoss): void {
    for (const [probe, count] of sum(chunks)) this.#lose(probe, cause, count);
  }

  #lose(probe: string, cause: PushLoss, count: number): void {
    this.lost += count;
    this.#loss.add(probe, 'sink', cause, count, this.#sink);
  }
}

function sum(chunks: readonly Chunk<unknown>[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const chunk of chunks) {
    for (const [probe, count] of chunk.counts) counts.set(probe, (counts.get(probe) ?? 0) + count);
  }
  return counts;
}
