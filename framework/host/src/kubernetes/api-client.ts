// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { StringDecoder } from 'node:string_decoder';
import type { Access } from './types.ts';

/** What the server answered instead of 200. */
export class StatusError extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(`status ${status}: ${text.slice(0, 300)}`);
    this.status = status;
  }
}

/** `GET`s JSON of an API server or kubelet. */
export class ApiClient {
  readonly #access: Access;
  readonly #agent: HttpAgent;

  constructor(access: Access) {
    this.#access = access;
    const { ca, cert, key, insecure } = access;
    const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), rejectUnauthorized: !insecure };
    this.#agent = this.#isPlain ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true, ...tls });
  }

  /** @throws StatusError, Error */
  async get<Answer>(path: string, signal: AbortSignal, accept = 'application/json'): Promise<Answer> {
    const response = await this.#open(path, signal, accept);
    return JSON.parse(await textOf(response)) as Answer;
  }

  /** Each line of an answer that goes on, parsed. @throws StatusError, Error */
  async *lines<Line>(path: string, signal: AbortSignal): AsyncIterable<Line> {
    const response = await this.#open(path, signal, 'application/json');
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop()!;
      for (const line of lines) if (line !== '') yield JSON.parse(line) as Line;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  get #isPlain(): boolean {
    return this.#access.server.startsWith('http:');
  }

  async #open(path: string, signal: AbortSignal, accept: string): Promise<IncomingMessage> {
    const token = await this.#token();
    const headers = { accept, 'user-agent': 'sonde', ...(token && { authorization: `Bearer ${token}` }) };
    const get = this.#isPlain ? httpGet : httpsGet;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(this.#access.server + path, { agent: this.#agent, headers, signal }, resolve).on('error', reject);
    });
    if (response.statusCode !== 200) throw new StatusError(response.statusCode ?? 0, await textOf(response));
    return response;
  }

  async #token(): Promise<string | undefined> {
    const { token, tokenFile } = this.#access;
    return tokenFile === undefined ? token : (await readFile(tokenFile, 'utf8')).trim();
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
