// SPDX-License-Identifier: Apache-2.0
import { BATCH_BYTES, BATCH_MESSAGES, sizeOf, type KafkaPayload } from './chunker.ts';
import { MAX_IN_FLIGHT, type KafkaMessage } from './transport.ts';

/** Messages of one topic that go out together. */
export interface Batch {
  topic: string;
  messages: KafkaMessage[];
  bytes: number;
}

/**
 * Deals messages out to lanes that are sent side by side, each batch after batch. All messages of one key are in one
 * lane, so that their order outlives failures: after one, its lane waits while others go on.
 *
 * @param isDone messages that the cluster has already
 */
export function lanesOf(payloads: readonly KafkaPayload[], isDone: (message: KafkaMessage) => boolean): Batch[][] {
  const lanes: Batch[][] = Array.from({ length: MAX_IN_FLIGHT }, () => []);
  for (const { topic, messages } of payloads) {
    for (const message of messages) {
      if (!isDone(message)) append(lanes[laneOf(message.key)]!, topic, message);
    }
  }
  return lanes.filter((lane) => lane.length > 0);
}

function append(lane: Batch[], topic: string, message: KafkaMessage): void {
  const bytes = sizeOf(message);
  let last = lane.at(-1);
  if (last?.topic !== topic || last.messages.length >= BATCH_MESSAGES || last.bytes + bytes > BATCH_BYTES) {
    lane.push((last = { topic, messages: [], bytes: 0 }));
  }
  last.messages.push(message);
  last.bytes += bytes;
}

function laneOf(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
  return (hash >>> 0) % MAX_IN_FLIGHT;
}
