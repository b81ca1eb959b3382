// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Child } from '../../harness/child.ts';
import type { Exposition, Labels } from '../../harness/exposition.ts';
import { freePort } from '../../l7/servers.ts';
import { waitFor } from '../../harness/wait.ts';
import type { Check, Guest } from './checks.ts';
import { Network } from './network.ts';

const CONNECTIONS = 10;
const BYTES = 100_000;
const ANSWER = 10;
const DELAY = 0.05;
const patience = { timeout: 20_000, every: 200 };

/** `CONNECTIONS` connections over the wire; `look` is called while they are open. Resolves when they are closed. */
async function traffic({ host, workloads }: Guest, look: (scrape: Exposition, client: Labels, server: Labels) => void): Promise<void> {
  const { near, far } = Network;
  const count = ['-a', far.address, '-n', `${CONNECTIONS}`];
  const enter = (netns: { name: string }): string[] => ['netns', 'exec', netns.name];
  const server = new Child('ip', [...enter(far), workloads['tcp-server'], ...count, '-r', `${BYTES}`, '-s', `${ANSWER}`], { input: true });
  const port = await waitFor('a port', () => server.stdout.split('\n')[0], patience);
  const client = new Child(
    'ip',
    [...enter(near), workloads['tcp-client'], ...count, '-p', port, '-s', `${BYTES}`, '-r', `${ANSWER}`],
    { input: true },
  );
  await waitFor('the client', () => client.stdout.includes('done'), patience);
  const clientLabels = { tcp_role: 'client', server_port: port };
  const serverLabels = { tcp_role: 'server', server_port: port };
  const all = CONNECTIONS * BYTES;
  const scrape = await host.scrapeUntil(
    'the bytes',
    (seen) => seen.sum('tcp_sent_bytes_total', clientLabels) >= all && seen.sum('tcp_received_bytes_total', serverLabels) >= all,
    10_000,
  );
  look(scrape, clientLabels, serverLabels);
  for (const peer of [client, server]) peer.process.stdin?.end();
  await Promise.all([client.exited, server.exited]);
  const after = await host.scrapeUntil(
    'the end of the connections',
    (seen) => seen.sum('tcp_connections_closed_total', clientLabels) + seen.sum('tcp_connections_closed_total', serverLabels) >= 2 * CONNECTIONS,
    10_000,
  );
  for (const [labels, sent, received] of [
    [clientLabels, BYTES, ANSWER],
    [serverLabels, ANSWER, BYTES],
  ] as const) {
    assert.equal(after.sum('tcp_sent_bytes_total', labels), CONNECTIONS * sent);
    assert.equal(after.sum('tcp_received_bytes_total', labels), CONNECTIONS * received);
    assert.equal(after.sum('tcp_connections_opened_total', labels), CONNECTIONS);
    assert.equal(after.sum('tcp_connections_closed_total', labels), CONNECTIONS);
    assert.equal(after.sum('tcp_connection_duration_seconds_count', labels), CONNECTIONS);
  }
}

/** A counter of TCP in the near namespace, as its kernel has it. */
async function counter({ network }: Guest, name: string): Promise<number> {
  const lines = (await network.inNear('cat', '/proc/net/snmp'))
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(lines[1]?.[(lines[0] ?? []).indexOf(name)]);
}

export const tcpChecks: readonly Check[] = [
  {
    probe: 'tcp',
    title: 'tcp: a delay comes out as set; bytes and connections count to the unit, on both sides, while they are open and after',
    async run(guest) {
      await guest.network.disturb(`delay ${DELAY * 1000}ms`);
      await traffic(guest, (scrape, client, server) => {
        assert.equal(scrape.value('tcp_connections_open', client), CONNECTIONS);
        assert.equal(scrape.sum('tcp_sent_bytes_total', client), CONNECTIONS * BYTES);
        assert.equal(scrape.sum('tcp_received_bytes_total', server), CONNECTIONS * BYTES);
        const shortest = scrape.value('tcp_rtt_minimum_seconds', client)!;
        assert.ok(shortest >= DELAY && shortest < DELAY * 1.5, `the shortest round trip took ${shortest} s`);
        for (const name of ['tcp_connect_duration_seconds', 'tcp_rtt_seconds', 'tcp_delay_network_seconds']) {
          const { sum, count } = scrape.histogram(name, client);
          assert.ok(sum / count >= DELAY, `${name}: ${count} times, ${sum} s`);
        }
        assert.ok(scrape.histogram('tcp_delay_receive_queue_seconds', server).count > 0, 'somebody waited to read');
      });
    },
  },
  {
    probe: 'tcp',
    title: 'tcp: with loss, the segments sent again are those that the kernel counts',
    async run(guest) {
      await guest.network.disturb(`delay ${DELAY * 1000}ms loss 5%`);
      await traffic(guest, () => undefined);
      const kernel = await counter(guest, 'RetransSegs');
      assert.ok(kernel > 0, 'something was lost');
      await guest.host.scrapeUntil(
        `${kernel} retransmits`,
        (seen) => seen.sum('tcp_retransmits_total', { tcp_role: 'client' }) === kernel,
        10_000,
      );
    },
  },
  {
    probe: 'tcp',
    title: 'tcp: refused connections are counted',
    async run({ host, workloads }) {
      const port = await freePort();
      const refused = (seen: Exposition): number =>
        seen.sum('tcp_connections_failed_total', { server_port: String(port), tcp_reason: 'refused' });
      await new Child(workloads['tcp-client'], ['-p', String(port), '-n', '3', '-e']).exited;
      assert.equal(refused(await host.scrapeUntil('3 failures', (seen) => refused(seen) >= 3)), 3);
    },
  },
  {
    probe: 'tcp',
    title: 'tcp: a connection older than the probe has its owner',
    async run({ host, redis }) {
      const labels = { server_port: String(redis.port) };
      const scrape = await host.scrapeUntil('the connection', (seen) => seen.sum('tcp_connections_open', labels) >= 2);
      assert.equal(scrape.value('tcp_connections_open', { ...labels, tcp_role: 'client', process_executable_name: 'node' }), 1);
      assert.equal(scrape.value('tcp_connections_open', { ...labels, tcp_role: 'server', process_executable_name: 'redis-check-rdb' }), 1);
    },
  },
  {
    probe: 'tcp',
    title: 'udp: datagrams and their bytes count to the unit, on both sides',
    async run({ host }) {
      const DATAGRAMS = 100;
      const [server, client] = [createSocket('udp4'), createSocket('udp4')];
      let arrived = 0;
      server.on('message', () => arrived++).bind(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address();
      client.connect(port, '127.0.0.1');
      await once(client, 'connect');
      for (let i = 0; i < DATAGRAMS; i++) {
        client.send(Buffer.alloc(i));
        await waitFor('the datagram', () => arrived > i);
      }
      const labels = { server_port: String(port) };
      const received = (seen: Exposition): number => seen.sum('udp_datagrams_received_total', labels);
      const scrape = await host.scrapeUntil(`${DATAGRAMS} datagrams`, (seen) => received(seen) >= DATAGRAMS);
      assert.equal(received(scrape), DATAGRAMS);
      assert.equal(scrape.sum('udp_datagrams_sent_total', labels), DATAGRAMS);
      const bytes = (DATAGRAMS * (DATAGRAMS - 1)) / 2;
      assert.equal(scrape.sum('udp_received_bytes_total', labels), bytes);
      assert.equal(scrape.sum('udp_sent_bytes_total', labels), bytes);
      for (const socket of [server, client]) socket.close();
    },
  },
];
