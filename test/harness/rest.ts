// SPDX-License-Identifier: Apache-2.0
import { ask } from './http.ts';
import type { Answer, Target } from './http.ts';

export interface RestAnswer {
  status: number;
  type: string;
  // Tests look into answers of every shape.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
}

/** The REST API as a client sees it, over the unix socket or over TCP. */
export class Rest {
  readonly #target: Target;
  readonly #headers: Record<string, string>;

  constructor(target: Target, headers: Record<string, string> = {}) {
    this.#target = target;
    this.#headers = headers;
  }

  get(path: string): Promise<RestAnswer> {
    return this.send('GET', path);
  }

  put(path: string, body: unknown): Promise<RestAnswer> {
    return this.send('PUT', path, body);
  }

  post(path: string, body?: unknown): Promise<RestAnswer> {
    return this.send('POST', path, body);
  }

  delete(path: string): Promise<RestAnswer> {
    return this.send('DELETE', path);
  }

  /** Like the others, with headers of the caller's; a body that is a string is sent as it is. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<RestAnswer> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const type: Record<string, string> = text === undefined ? {} : { 'content-type': 'application/json' };
    const all = { ...type, ...this.#headers, ...headers };
    const answer = await ask(this.#target, path, { method, body: text, headers: all });
    return { status: answer.status, type: mediaType(answer), body: readBody(answer) };
  }
}

function mediaType(answer: Answer): string {
  return String(answer.headers['content-type'] ?? '').split(';')[0] ?? '';
}

function readBody(answer: Answer): unknown {
  const text = answer.bytes.toString();
  return mediaType(answer).endsWith('json') ? JSON.parse(text) : text;
}
