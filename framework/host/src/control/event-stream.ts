// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import { logRecord, type EventRecord } from '../events/index.ts';
import type { Labels } from '../identity/types.ts';

/** Events that wait for a client that reads slowly. */
const CAPACITY = 1024;

/** A client that follows events: what it does not read in time is dropped, the oldest first, and it is told how many. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #wants: (event: EventRecord) => boolean;
  readonly #lost: (event: EventRecord) => void;
  #waiting: { event: EventRecord; labels: Labels }[] = [];
  #missed = 0;
  #isFull = false;

  /** @param lost told of each event that the client did not get */
  constructor(response: ServerResponse, wants: (event: EventRecord) => boolean, lost: (event: EventRecord) => void) {
    this.#response = response;
    this.#wants = wants;
    this.#lost = lost;
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    });
    // a client that asked by HEAD has its answer
    if (response.req.method === 'HEAD') response.end();
    else response.write(': events follow\n\n');
    response.on('drain', () => this.#drain());
  }

  push(event: EventRecord, labels: Labels): void {
    if (!this.#wants(event)) return;
    this.#waiting.push({ event, labels });
    if (this.#waiting.length > CAPACITY) {
      this.#lost(this.#waiting.shift()!.event);
      this.#missed++;
    }
    if (!this.#isFull) this.#drain();
  }

  /** A sign of life. */
  ping(): void {
    if (!this.#isFull) this.#write(':\n\n');
  }

  end(): void {
    this.#response.end();
  }

  #drain(): void {
    this.#isFull = false;
    if (this.#missed > 0) {
      this.#write(`event: lost\ndata: {"events":${this.#missed}}\n\n`);
      this.#missed = 0;
    }
    let sent = 0;
    for (const { event, labels } of this.#waiting) {
      if (this.#isFull) break;
      this.#write(`data: ${logRecord(event, labels)}\n\n`);
      sent++;
    }
    this.#waiting.splice(0, sent);
  }

  #write(text: string): void {
    if (this.#response.writable) this.#isFull = !this.#response.write(text);
  }
}
