// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { builtInPackage } from './harness/paths.ts';
import { kernelCounter, Peer } from './harness/tcp.ts';
import { waitFor } from './harness/wait.ts';

let host: Host;
beforeAll(async () => {
  host = await startHost({ probes: { tcp: { package: builtInPackage('tcp'), params: { reportEvents: true } } } });
});
afterAll(() => host[Symbol.asyncDispose]());

/** The events of one connection's port. */
const events = (name: string, port: string): Record<string, unknown>[] =>
  host.events().filter((event) => JSON.stringify(event).includes(`"${name}"`) && JSON.stringify(event).includes(port));

test('a refused port is a failure with its reason, and a reset by no socket', async () => {
  await using client = await Peer.start('client', 'tcp-refused', ['-p', '1', '-n', '7', '-e']);
  expect(await client.done()).toEqual(Array(7).fill('Connection refused'));
  const scrape = await host.scrapeUntil(
    'the failures',
    (seen) => seen.sum('tcp_connections_failed_total', client.label) === 7,
  );
  const label = {
    ...client.label,
    tcp_role: 'client',
    tcp_reason: 'refused',
    network_peer_address: '127.0.0.1',
    server_port: '1',
  };
  expect(scrape.value('tcp_connections_failed_total', label)).toBe(7);
  expect(scrape.value('tcp_resets_total', { ...client.label, network_io_direction: 'receive' })).toBe(7);
  expect(
    scrape.sum('tcp_resets_total', { network_io_direction: 'transmit', tcp_reason: 'no_socket' }),
  ).toBeGreaterThanOrEqual(7);
  expect(scrape.sum('tcp_connections_opened_total', client.label)).toBe(0);
});

test('an abort is a reset, sent by one side and received by the other, and its bytes count', async () => {
  await using server = await Peer.start('server', 'tcp-s-abort', ['-n', '5', '-r', '1000']);
  const port = await server.port();
  await using client = await Peer.start('client', 'tcp-c-abort', ['-p', port, '-n', '5', '-s', '1000', '-l']);
  await Promise.all([client.done(), server.done()]);
  const scrape = await host.scrapeUntil(
    'the resets',
    (seen) => seen.sum('tcp_connections_closed_total', { server_port: port }) === 10,
  );
  expect(scrape.sum('tcp_resets_total', { ...client.label, network_io_direction: 'transmit' })).toBe(5);
  expect(scrape.sum('tcp_resets_total', { ...server.label, network_io_direction: 'receive' })).toBe(5);
  expect(scrape.value('tcp_sent_bytes_total', client.label)).toBe(5000);
  expect(scrape.value('tcp_received_bytes_total', server.label)).toBe(5000);
  const reported = await waitFor('the events', () =>
    events('tcp.reset', port).length >= 10 ? events('tcp.reset', port) : undefined,
  );
  expect(reported).toHaveLength(10);
});

test('a window that a slow reader closes is seen by both sides', async () => {
  const closed = kernelCounter('TcpExt', 'TCPToZeroWindowAdv');
  await using server = await Peer.start('server', 'tcp-s-full', ['-q']);
  const port = await server.port();
  await using client = await Peer.start('client', 'tcp-c-full', ['-p', port, '-F']);
  const [filled] = await client.done();
  expect(Number(filled)).toBeGreaterThan(100_000);
  const isFull = await host.scrapeUntil(
    'what is not sent',
    (seen) => (seen.value('tcp_unsent_bytes', client.label) ?? 0) > 0,
  );
  expect(isFull.value('tcp_window_send_bytes', client.label)).toBe(0);
  expect(isFull.value('tcp_window_receive_bytes', server.label)).toBe(0);
  expect(isFull.value('tcp_buffer_receive_used_bytes', server.label)).toBeGreaterThan(100_000);
  const written = ['sent_bytes_total', 'unsent_bytes', 'unacknowledged_bytes'].map(
    (name) => isFull.value(`tcp_${name}`, client.label)!,
  );
  expect(written.reduce((sum, bytes) => sum + bytes)).toBe(Number(filled));
  const scrape = await host.scrapeUntil('the window', (seen) => seen.sum('tcp_window_zero_total', client.label) > 0);
  expect(scrape.sum('tcp_window_zero_total', { ...client.label, network_io_direction: 'receive' })).toBe(1);
  expect(
    scrape.sum('tcp_window_zero_total', { ...server.label, network_io_direction: 'transmit' }),
  ).toBeLessThanOrEqual(1);
  expect(kernelCounter('TcpExt', 'TCPToZeroWindowAdv') - closed).toBeGreaterThanOrEqual(1);
});

test('what a listener drops is what the kernel says', async () => {
  const before = ['ListenDrops', 'ListenOverflows'].map((name) => kernelCounter('TcpExt', name));
  await using server = await Peer.start('server', 'tcp-s-listen', ['-b', '1', '-i']);
  const port = await server.port();
  await using client = await Peer.start('client', 'tcp-c-listen', ['-p', port, '-n', '8', '-N']);
  await client.done();
  const isFull = await host.scrapeUntil('the queue', (seen) => seen.value('tcp_listen_backlog', server.label) === 2);
  expect(isFull.value('tcp_listen_backlog_limit', server.label)).toBe(1);
  await client.end();
  const drops = kernelCounter('TcpExt', 'ListenDrops') - before[0]!;
  expect(drops).toBeGreaterThanOrEqual(6);
  const cancelled = { ...client.label, tcp_reason: 'cancelled' };
  const scrape = await host.scrapeUntil(
    'the drops',
    (seen) =>
      seen.value('tcp_listen_drops_total', server.label) === drops &&
      seen.value('tcp_connections_failed_total', cancelled) === 6,
  );
  expect(scrape.value('tcp_listen_drops_total', { ...server.label, server_port: port })).toBe(drops);
  expect(scrape.sum('tcp_host_listen_drops_total', {})).toBeGreaterThanOrEqual(drops);
  expect(scrape.sum('tcp_host_listen_overflows_total', {})).toBeGreaterThanOrEqual(
    kernelCounter('TcpExt', 'ListenOverflows') - before[1]!,
  );
});
