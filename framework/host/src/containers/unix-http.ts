// SPDX-License-Identifier: Apache-2.0
import { Agent, request } from 'node:http';

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
  get(path: string, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.#socket, path, agent: this.#agent, signal, headers: { host: 'localhost' } });
      asked.on('error', reject);
      asked.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > MOST_BYTES) response.destroy(new Error(`more than ${MOST_BYTES} bytes`));
        });
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}: ${text.slice(0, 200)}`));
          try {
            resolve(JSON.parse(text));
          } catch (error) {
            reject(error);
          }
        });
      });
      asked.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
