// SPDX-License-Identifier: Apache-2.0
import { CHUNK_BYTES, CHUNK_RECORDS, type Chunk } from '../push/types.ts';
import type { KafkaMessage } from './transport.ts';

/** Records of one chunk. */
export interface KafkaPayload {
  topic: string;
  messages: KafkaMessage[];
}

/** Messages in one request: more only lengthen the stalls of the event loop. */
export const BATCH_MESSAGES = 500;
/** Under the megabyte that brokers take by default (`max.message.bytes`), before compression. */
export const BATCH_BYTES = 768 * 1024;
/** What a record takes beyond key and value, about. */
const OVERHEAD = 32;

/** Puts messages of one topic together to chunks. */
export class Chunker {
  readonly #topic: string;
  #messages: KafkaMessage[] = [];
  #counts = new Map<string, number>();
  #bytes = 0;

  constructor(topic: string) {
    this.#topic = topic;
  }

  /**
   * @param probe whose record it is; undefined if nothing is lost with it
   * @returns a chunk, if the message found no room in it
   */
  add(message: KafkaMessage, probe: string | undefined): Chunk<KafkaPayload> | undefined {
    const bytes = sizeOf(message);
    const isFull = this.#messages.length >= CHUNK_RECORDS || this.#bytes + bytes > CHUNK_BYTES;
    const full = isFull ? this.take() : undefined;
    this.#messages.push(message);
    this.#bytes += bytes;
    if (probe !== undefined) this.#counts.set(probe, (this.#counts.get(probe) ?? 0) + 1);
    return full;
  }

  /** What there is, if there is anything. */
  take(): Chunk<KafkaPayload> | undefined {
    if (this.#messages.length === 0) return undefined;
    const payload = { topic: this.#topic, messages: this.#messages };
    const chunk = { counts: this.#counts, bytes: this.#bytes, payload };
    this.#messages = [];
    this.#counts = new Map();
    this.#bytes = 0;
    return chunk;
  }
}

/** Bytes of a record, about: text beyond ASCII takes more. */
export function sizeOf({ key, value }: KafkaMessage): number {
  return key.length + value.length + OVERHEAD;
}
