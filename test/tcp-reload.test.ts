// SPDX-License-Identifier: Apache-2.0
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { builtInPackage } from './harness/paths.ts';
import { variantOf } from './harness/variant.ts';
import { waitFor } from './harness/wait.ts';

const hash = variantOf('tcp', 'dist/tcp-hash.bpf.o', (program) => program !== 'on_walk');
afterAll(() => hash[Symbol.dispose]());

/** Where connections are kept with their sockets, and where in a hash. */
const objects = [
  ['socket storage', builtInPackage('tcp')],
  ['a hash', hash.path],
] as const;

/** Connections of this very process to itself, whose every byte is known. */
class Pairs implements AsyncDisposable {
  readonly #clients: Socket[] = [];
  readonly #accepted: Socket[] = [];
  readonly #server = createServer((socket) => {
    this.#accepted.push(socket);
    socket.on('data', (data) => (this.#received += data.length));
  });
  #received = 0;
  sent = 0;

  async open(count: number): Promise<void> {
    if (!this.#server.listening) await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    for (let i = 0; i < count; i++) {
      await new Promise<void>((done) => this.#clients.push(connect(Number(this.port), '127.0.0.1', done)));
    }
  }

  get port(): string {
    return `${(this.#server.address() as AddressInfo).port}`;
  }

  /** Writes so many bytes on each of the first connections, and waits until they have been read. */
  async write(bytes: number, connections = this.#clients.length): Promise<void> {
    for (const client of this.#clients.slice(0, connections)) client.write(Buffer.alloc(bytes));
    this.sent += bytes * connections;
    await waitFor('all bytes', () => this.#received === this.sent || undefined, { every: 1 });
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.end();
    await waitFor('all ends', () => [...this.#clients, ...this.#accepted].every(({ closed }) => closed) || undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of [...this.#clients, ...this.#accepted]) socket.destroy();
    this.#server.close();
  }
}

/** What the probe counted of both ends: [client, server] each. */
async function counts(host: Host, port: string): Promise<Record<string, number[]>> {
  await sleep(1100); // a scrape shares what is younger than a second
  const scrape = await host.scrape();
  const of = (metric: string): number[] =>
    ['client', 'server'].map((role) => scrape.sum(metric, { server_port: port, tcp_role: role }));
  return {
    bytes: [of('tcp_sent_bytes_total')[0]!, of('tcp_received_bytes_total')[1]!],
    open: of('tcp_connections_open'),
    opened: of('tcp_connections_opened_total'),
    closed: of('tcp_connections_closed_total'),
  };
}

const put = async (host: Host, desired: object): Promise<void> =>
  expect(await host.rest.put('/v1/probes/tcp', desired)).toMatchObject({ status: 200 });

test.each(objects)('reloads with %s, while bytes flow and while nothing does: every byte and connection counts, once', async (_, path) => {
  await using host = await startHost({ probes: { tcp: { package: path } } });
  await using pairs = new Pairs();
  await pairs.open(100);
  await pairs.write(1009);
  const flow = async (until: Promise<void>): Promise<void> => {
    let over = false;
    const end = until.then(() => (over = true));
    while (!over) await pairs.write(7, 50);
    await end;
  };

  for (const maxLinks of [1000, 1001, 1002]) await flow(put(host, { params: { maxLinks } }));
  await pairs.write(13);
  await put(host, { params: { maxLinks: 1003 } });
  const twice = (n: number): number[] => [n, n];
  expect(await counts(host, pairs.port)).toEqual({
    bytes: twice(pairs.sent),
    open: twice(100),
    opened: twice(100),
    closed: twice(0),
  });

  await pairs.open(20);
  await pairs.write(17);
  await put(host, { params: { maxServices: 1000 } });
  await pairs.close();
  expect(await counts(host, pairs.port)).toEqual({
    bytes: twice(pairs.sent),
    open: twice(0),
    opened: twice(120),
    closed: twice(120),
  });
});

test.each(objects)('what was counted with %s before the collector or the probe is off is not lost, and nothing stays open', async (_, path) => {
  await using host = await startHost({ probes: { tcp: { package: path } } });
  await using pairs = new Pairs();
  await pairs.open(10);
  await pairs.write(1009);
  await sleep(200); // an acknowledgement may be delayed
  await put(host, { collectors: { link: false } });
  expect(await counts(host, pairs.port)).toMatchObject({ bytes: [10_090, 10_090], opened: [10, 10] });

  await put(host, { collectors: { link: true } });
  await pairs.write(11);
  await sleep(200);
  await put(host, { enabled: false });
  expect(await counts(host, pairs.port)).toMatchObject({ bytes: [10_200, 10_200], open: [0, 0] });

  await put(host, { enabled: true });
  await pairs.write(1, 10);
  expect(await counts(host, pairs.port)).toMatchObject({ bytes: [10_210, 10_210], open: [10, 10] });
});
