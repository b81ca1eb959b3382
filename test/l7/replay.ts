// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { join } from 'node:path';
import { builtInPackage } from '../harness/paths.ts';

/** A recorded conversation, and what it must add to the metrics of either side. */
export interface Fixture {
  name: string;
  /** Who sends what: `>` the client, `<` the server; each waits until the step before has arrived. */
  steps: readonly (readonly ['>' | '<', string])[];
  /** Requests by what tells them apart, as `GET / 200` or `INCR WRONGTYPE`. */
  expect: Record<string, number>;
  /** HTTP: the sum of the sizes of bodies. */
  bodies?: { request: number; response: number };
}

export function fixtures(protocol: string): Fixture[] {
  const file = join(builtInPackage('l7'), 'protocols', protocol, 'fixtures.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Fixture[];
}

/** Cuts the bytes of one step into those of several calls. */
export type Cut = (bytes: Buffer) => Buffer[];

export const whole: Cut = (bytes) => [bytes];
export const byteByByte: Cut = (bytes) => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));

/** Numbers from 0 to 1 that follow from the seed, so that a failure can be had again. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** Cuts at places that follow from the seed. */
export function cutAtRandom(seed: number): Cut {
  const random = randomFrom(seed);
  return (bytes) => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + Math.floor(random() ** 3 * 200);
      pieces.push(bytes.subarray(at, at + size));
      at += size;
    }
    return pieces;
  };
}

export interface Endpoint extends AsyncDisposable {
  /** The port, or the path of a Unix socket. */
  address: number | string;
  /** Has the conversation once, on a connection of its own. */
  replay(fixture: Pick<Fixture, 'steps'>, cut: Cut): Promise<void>;
}

/** A server whose port tells the series of one fixture from those of others. */
export async function endpoint(path?: string): Promise<Endpoint> {
  const server = createServer();
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  const address = path ?? (server.address() as AddressInfo).port;
  return {
    address,
    async replay({ steps }, cut) {
      const accepted = once(server, 'connection');
      const client = connect(typeof address === 'string' ? { path: address } : { port: address, host: '127.0.0.1' });
      const [peer] = (await accepted) as [Socket];
      for (const socket of [client, peer]) socket.setNoDelay(true);
      for (const [who, text] of steps) {
        const [from, to] = who === '>' ? [client, peer] : [peer, client];
        await send(from, to, Buffer.from(text, 'latin1'), cut);
      }
      peer.end();
      client.end();
      const open = [client, peer].filter((socket) => !socket.destroyed);
      await Promise.all(open.map((socket) => once(socket.resume(), 'close')));
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Sends piece by piece, and resolves when all has arrived. */
async function send(from: Socket, to: Socket, bytes: Buffer, cut: Cut): Promise<void> {
  let missing = bytes.length;
  const arrived = new Promise<void>((resolve) => {
    const count = (data: Buffer): void => {
      missing -= data.length;
      if (missing > 0) return;
      to.off('data', count);
      resolve();
    };
    to.on('data', count);
  });
  for (const piece of cut(bytes)) {
    await new Promise<void>((resolve) => from.write(piece, () => resolve()));
    await turn();
  }
  await arrived;
}
