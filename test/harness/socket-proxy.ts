// SPDX-License-Identifier: Apache-2.0
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands before a unix socket, and can make what is said through it late, or hold it back altogether. */
export class SocketProxy implements AsyncDisposable {
  readonly socket: string;
  /** Milliseconds that everything takes, each way. */
  latency = 0;
  readonly #upstream: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isHeld = false;

  /** @param socket path to listen at, once told to @param upstream path of the socket behind */
  constructor(socket: string, upstream: string) {
    this.socket = socket;
    this.#upstream = upstream;
    this.#server = createServer((client) => this.#join(client));
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.socket, resolve));
  }

  /** Takes connections and what they say, and lets none of it through. */
  hold(): void {
    this.#isHeld = true;
    for (const each of this.#sockets) each.pause();
  }

  release(): void {
    this.#isHeld = false;
    for (const each of this.#sockets) each.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#sockets) each.destroy();
    this.#server.close();
  }

  #join(client: Socket): void {
    const upstream = connect(this.#upstream);
    this.#carry(client, upstream);
    this.#carry(upstream, client);
  }

  #carry(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('data', (data) => setTimeout(() => to.write(data), this.latency));
    from.on('error', () => {}); // it closes
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    if (this.#isHeld) from.pause();
  }
}
