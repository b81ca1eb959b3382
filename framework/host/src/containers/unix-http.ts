// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';

/** A container list of a busy machine is some 10 MB. */
const MOST_BYTES = 64 * 1024 * 1024;

/** `GET`s JSON over a unix socket; one connection at a time, kept for the next. */
export class UnixHttp {
  readonly #socket: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: 60_000 });

  constructor(socket: string) {
    this.#socket = socket;
  }

  /** @throws Error with the status and what the server says, unless it answers 200 */
  async get(path: string, signal: AbortSignal): Promise<unknown> {
    return JSON.parse(await textOf(await this.#open(path, signal, this.#agent)));
  }

  /** Each line of an answer that goes on, parsed; over a connection of its own. @throws as `get` */
  async *lines<Line>(path: string, signal: AbortSignal): AsyncIterable<Line> {
    const input = await this.#open(path, signal, false);
    for await (const line of createInterface({ input })) if (line !== '') yield JSON.parse(line) as Line;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #open(path: string, signal: AbortSignal, agent: Agent | false): Promise<IncomingMessage> {
    const asked = request({ socketPath: this.#socket, path, agent, signal, headers: { host: 'localhost' } }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    asked.on('error', () => {}); // whoever reads the answer hears of it
    if (response.statusCode === 200) return response;
    throw new Error(`status ${response.statusCode}: ${(await textOf(response)).slice(0, 200)}`);
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes`);
  }
  return Buffer.concat(chunks).toString();
}
