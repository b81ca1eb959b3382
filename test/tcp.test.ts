// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { builtInPackage } from './harness/paths.ts';
import { kernelCounter, Peer } from './harness/tcp.ts';
import { findTool } from './harness/tools.ts';

const CONNECTIONS = 1000;
const REQUEST = 1009;
const ANSWER = 7919;

let host: Host;
beforeAll(async () => {
  host = await startHost({ probes: { tcp: { package: builtInPackage('tcp'), params: { reportEvents: true } } } });
});
afterAll(() => host[Symbol.asyncDispose]());

test('every collector runs whole on this kernel', async () => {
  const { state, programs, warnings } = await host.probe('tcp');
  expect(state).toBe('running');
  expect(warnings).toEqual([]);
  expect(programs.filter(({ state: program }) => program !== 'attached')).toEqual([]);
});

describe.each([
  ['ipv4', '127.0.0.1', '127.0.0.1', 'ipv4', '127.0.0.1'],
  ['ipv6', '::1', '::1', 'ipv6', '::1'],
  ['IPv4 on an IPv6 socket', '::', '::ffff:127.0.0.1', 'ipv4', '127.0.0.1'],
])('%s', (name, listen, connect, type, shown) => {
  const server = `tcp-s-${name.slice(-6)}`.replace(' ', '');
  const client = `tcp-c-${name.slice(-6)}`.replace(' ', '');

  test('1000 connections are counted to the byte, while they are open and after both ends have exited', async () => {
    await using one = await Peer.start('server', server, [
      '-a',
      listen,
      '-n',
      `${CONNECTIONS}`,
      '-r',
      `${REQUEST}`,
      '-s',
      `${ANSWER}`,
    ]);
    const port = await one.port();
    const args = ['-a', connect, '-p', port, '-n', `${CONNECTIONS}`, '-s', `${REQUEST}`, '-r', `${ANSWER}`];
    await using other = await Peer.start('client', client, args);
    await Promise.all([one.done(), other.done()]);

    const atServer = { ...one.label, tcp_role: 'server', server_port: port, network_type: type };
    const atClient = {
      ...other.label,
      tcp_role: 'client',
      server_port: port,
      network_type: type,
      network_peer_address: shown,
    };
    const isOpen = await host.scrapeUntil(
      'all are open',
      (seen) =>
        seen.value('tcp_connections_open', atServer) === CONNECTIONS &&
        seen.value('tcp_connections_open', atClient) === CONNECTIONS,
    );
    const expectBytes = (scrape: typeof isOpen): void => {
      expect(scrape.value('tcp_sent_bytes_total', atClient)).toBe(CONNECTIONS * REQUEST);
      expect(scrape.value('tcp_received_bytes_total', atServer)).toBe(CONNECTIONS * REQUEST);
      expect(scrape.value('tcp_sent_bytes_total', atServer)).toBe(CONNECTIONS * ANSWER);
      expect(scrape.value('tcp_received_bytes_total', atClient)).toBe(CONNECTIONS * ANSWER);
    };
    expectBytes(isOpen);

    await Promise.all([other.end(), one.end()]);
    const { network_peer_address: _, ...endpoint } = atClient;
    const isOver = await host.scrapeUntil(
      'all are closed',
      (seen) =>
        seen.value('tcp_connections_closed_total', atServer) === CONNECTIONS &&
        seen.value('tcp_connections_closed_total', endpoint) === CONNECTIONS,
    );
    expectBytes(isOver);
    for (const label of [atServer, endpoint]) {
      expect(isOver.value('tcp_connections_opened_total', label)).toBe(CONNECTIONS);
      expect(isOver.histogram('tcp_connection_duration_seconds', label)).toMatchObject({ count: CONNECTIONS });
      expect(isOver.histogram('tcp_connect_duration_seconds', label)).toMatchObject({ count: CONNECTIONS });
    }
    expect(isOver.histogram('tcp_connection_sent_bytes', endpoint)).toMatchObject({
      count: CONNECTIONS,
      sum: CONNECTIONS * REQUEST,
    });
    expect(isOver.histogram('tcp_connection_received_bytes', endpoint)).toMatchObject({
      count: CONNECTIONS,
      sum: CONNECTIONS * ANSWER,
    });
    expect(isOver.histogram('tcp_rtt_seconds', endpoint).count).toBeGreaterThanOrEqual(CONNECTIONS);
    expect(isOver.histogram('tcp_delay_receive_queue_seconds', atServer).count).toBeGreaterThanOrEqual(CONNECTIONS);
  });
});

test('connections of a millisecond count in full, and the segments are those of the kernel', async () => {
  const before = kernelCounter('Tcp', 'ActiveOpens');
  await using server = await Peer.start('server', 'tcp-s-short', ['-n', '500', '-r', '10', '-s', '20', '-c']);
  const port = await server.port();
  await using client = await Peer.start('client', 'tcp-c-short', [
    '-p',
    port,
    '-n',
    '500',
    '-s',
    '10',
    '-r',
    '20',
    '-c',
  ]);
  await Promise.all([server.end(), client.end()]);
  const scrape = await host.scrapeUntil(
    'all are closed',
    (seen) => seen.sum('tcp_connections_closed_total', { server_port: port }) === 1000,
  );
  expect(scrape.value('tcp_sent_bytes_total', client.label)).toBe(5000);
  expect(scrape.value('tcp_sent_bytes_total', server.label)).toBe(10_000);
  // What one end sends the other receives, but for the SYN-ACK, which no connection of the server sent yet
  expect(scrape.value('tcp_segments_received_total', client.label)).toBe(
    scrape.value('tcp_segments_sent_total', server.label)! + 500,
  );
  expect(scrape.value('tcp_connections_opened_total', client.label)).toBe(500);
  expect(kernelCounter('Tcp', 'ActiveOpens') - before).toBeGreaterThanOrEqual(500);
});

test('a link without connections keeps its counters and has no gauges', async () => {
  await using server = await Peer.start('server', 'tcp-s-quiet', ['-n', '5', '-r', '10', '-s', '20', '-c']);
  const port = await server.port();
  await using client = await Peer.start('client', 'tcp-c-quiet', ['-p', port, '-n', '5', '-s', '10', '-r', '20', '-c']);
  await Promise.all([server.done(), client.done()]);
  const scrape = await host.scrapeUntil(
    'all are closed',
    (seen) => seen.sum('tcp_connections_closed_total', { server_port: port }) === 10,
  );
  for (const { label } of [server, client]) {
    expect(scrape.value('tcp_connections_open', label)).toBe(0);
    expect(scrape.sum('tcp_sent_bytes_total', label)).toBeGreaterThan(0);
    expect(scrape.select('tcp_rtt_smoothed_seconds', label)).toEqual([]);
    expect(scrape.select('tcp_congestion_window', label)).toEqual([]);
  }
});

test('the state of a connection is what ss says', async () => {
  await using server = await Peer.start('server', 'tcp-s-state', ['-r', '30000', '-s', '50000']);
  const port = await server.port();
  await using client = await Peer.start('client', 'tcp-c-state', ['-p', port, '-s', '30000', '-r', '50000']);
  await Promise.all([server.done(), client.done()]);
  const ss = await run(findTool('ss'), ['-tinmH', 'dst', '127.0.0.1', 'dport', '=', `:${port}`]);
  const field = (pattern: RegExp): number => Number(pattern.exec(ss)?.[1]);
  const scrape = await host.scrapeUntil(
    'the connection',
    (seen) => seen.value('tcp_connections_open', client.label) === 1,
  );
  const value = (name: string): number => scrape.value(name, client.label)!;
  expect(value('tcp_sent_bytes_total')).toBe(field(/bytes_acked:(\d+)/) - 1); // the SYN
  expect(value('tcp_received_bytes_total')).toBe(field(/bytes_received:(\d+)/));
  expect(value('tcp_segments_sent_total')).toBe(field(/segs_out:(\d+)/));
  expect(value('tcp_segments_received_total')).toBe(field(/segs_in:(\d+)/));
  expect(value('tcp_congestion_window')).toBe(field(/cwnd:(\d+)/));
  expect(value('tcp_rtt_smoothed_seconds')).toBeCloseTo(field(/ rtt:([\d.]+)/) / 1e3, 5);
  expect(value('tcp_rtt_minimum_seconds')).toBeCloseTo(field(/minrtt:([\d.]+)/) / 1e3, 5);
  expect(value('tcp_rto_seconds')).toBeCloseTo(field(/rto:([\d.]+)/) / 1e3, 2);
  expect(value('tcp_window_send_bytes')).toBe(field(/snd_wnd:(\d+)/));
  expect(value('tcp_buffer_send_limit_bytes')).toBe(field(/tb(\d+)/));
  expect(value('tcp_buffer_receive_limit_bytes')).toBe(field(/rb(\d+)/));
});

test('the queue of the sender, the network and the queue of the reader are told apart', async () => {
  const script = `
import socket, time
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
listener.bind(('127.0.0.1', 0))
listener.listen()
client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
client.connect(listener.getsockname())
server, _ = listener.accept()
for _ in range(10):
    client.send(b'x'); time.sleep(0.03); server.recv(10)
    server.send(b'y'); client.recv(10); time.sleep(0.03)
client.send(bytes(200000))
time.sleep(0.3)
left = 200000
while left: left -= len(server.recv(65536))
print(listener.getsockname()[1])`;
  const port = (await run('python3', ['-c', script])).trim();
  const at = (role: string): Record<string, string> => ({ tcp_role: role, server_port: port });
  const scrape = await host.scrapeUntil(
    'the connection',
    (seen) => seen.sum('tcp_connections_closed_total', { server_port: port }) === 2,
  );
  const sent = scrape.histogram('tcp_delay_send_queue_seconds', at('client'));
  expect(sent.count).toBe(11);
  expect(sent.sum).toBeGreaterThan(0.29);
  expect(sent.sum).toBeLessThan(0.59);
  expect(scrape.histogram('tcp_delay_send_queue_seconds', at('server'))).toMatchObject({ count: 10, sum: 0 });
  const read = scrape.histogram('tcp_delay_receive_queue_seconds', at('server'));
  expect(read.count).toBeGreaterThanOrEqual(11);
  expect(read.sum).toBeGreaterThan(0.29);
  expect(scrape.histogram('tcp_delay_receive_queue_seconds', at('client')).sum).toBeLessThan(0.1);
  const acknowledged = scrape.histogram('tcp_delay_network_seconds', at('client'));
  expect(acknowledged.count).toBeGreaterThanOrEqual(10);
  expect(acknowledged.sum).toBeLessThan(0.6);
});

test('a datagram more than a queue takes is a drop', async () => {
  const script = `
import socket, time
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(('127.0.0.1', 0))
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect(server.getsockname())
client.send(b'x'); server.recv(1)
for _ in range(100): client.send(b'x' * 500)
server.setblocking(False)
received = 0
try:
    while server.recv(2048): received += 1
except BlockingIOError: pass
print(server.getsockname()[1], received)`;
  const [port, received] = (await run('python3', ['-c', script])).trim().split(' ');
  const atServer = { udp_role: 'server', server_port: port! };
  const atClient = { udp_role: 'client', server_port: port! };
  const scrape = await host.scrapeUntil(
    'the datagrams',
    (seen) => seen.value('udp_datagrams_sent_total', atClient) === 101,
  );
  expect(scrape.value('udp_sent_bytes_total', atClient)).toBe(50_001);
  expect(scrape.value('udp_datagrams_received_total', atServer)).toBe(1 + Number(received));
  expect(scrape.value('udp_received_bytes_total', atServer)).toBe(1 + 500 * Number(received));
  expect(scrape.value('udp_drops_total', atServer)).toBe(100 - Number(received));
});

test('a collector that is switched off counts nothing, and those at the same hooks go on', async () => {
  expect(await host.rest.put('/v1/probes/tcp', { collectors: { service: false } })).toMatchObject({ status: 200 });
  await using server = await Peer.start('server', 'tcp-s-off', ['-n', '20', '-r', '10', '-s', '20', '-c']);
  const port = await server.port();
  await using client = await Peer.start('client', 'tcp-c-off', ['-p', port, '-n', '20', '-s', '10', '-r', '20', '-c']);
  await Promise.all([server.end(), client.end()]);
  const scrape = await host.scrapeUntil(
    'all are closed',
    (seen) => seen.sum('tcp_connections_closed_total', { server_port: port }) === 40,
  );
  expect(scrape.value('tcp_sent_bytes_total', client.label)).toBe(200);
  expect(scrape.select('tcp_rtt_seconds_count', client.label)).toEqual([]);
  expect(await host.rest.put('/v1/probes/tcp', { collectors: { service: true } })).toMatchObject({ status: 200 });
});

test('nothing of that was lost', async () => {
  const scrape = await host.scrape();
  expect(
    scrape
      .select('sonde_loss_total', { probe: 'tcp' })
      .filter(({ labels, value }) => labels.cause !== 'rate_limited' && value > 0),
  ).toEqual([]);
  expect(scrape.sum('sonde_overflow_total', { probe: 'tcp' })).toBe(0);
});
