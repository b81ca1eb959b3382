// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { builtInPackage } from './harness/paths.ts';
import { Peer } from './harness/tcp.ts';
import { compile } from './harness/workload.ts';

const labels = ['process.executable.name', 'process.pid'];
const start = (tcp: object = {}): Promise<Host> =>
  startHost({ probes: { tcp: { package: builtInPackage('tcp'), labels, ...tcp } } });

test('connections that were open before count from the start on, with their role and their owner', async () => {
  await using server = await Peer.start('server', 'tcp-s-old', ['-n', '3', '-r', '400']);
  const port = await server.port();
  await using client = await Peer.start('client', 'tcp-c-old', ['-p', port, '-n', '3', '-s', '400']);
  await Promise.all([server.done(), client.done()]);
  await using host = await start();
  const isOpen = await host.scrapeUntil(
    'the connections',
    (seen) => seen.sum('tcp_connections_open', { server_port: port }) === 6,
  );
  expect(
    isOpen.value('tcp_connections_open', { ...server.label, tcp_role: 'server', process_pid: `${server.child.pid}` }),
  ).toBe(3);
  expect(
    isOpen.value('tcp_connections_open', { ...client.label, tcp_role: 'client', process_pid: `${client.child.pid}` }),
  ).toBe(3);
  expect(isOpen.sum('tcp_sent_bytes_total', client.label)).toBe(0);
  await Promise.all([client.end(), server.end()]);
  const isOver = await host.scrapeUntil(
    'their end',
    (seen) => seen.sum('tcp_connections_closed_total', { server_port: port }) === 6,
  );
  expect(isOver.sum('tcp_sent_bytes_total', client.label)).toBe(0);
  expect(isOver.sum('tcp_received_bytes_total', server.label)).toBe(0);
});

test('a connection accepted by a pre-forked worker belongs to the worker', async () => {
  await using host = await start();
  await using server = await Peer.start('server', 'tcp-s-fork', ['-n', '4', '-r', '300', '-s', '500', '-f']);
  const port = await server.port();
  await using client = await Peer.start('client', 'tcp-c-fork', ['-p', port, '-n', '4', '-s', '300', '-r', '500']);
  await Promise.all([server.done(), client.done()]);
  const scrape = await host.scrapeUntil(
    'the bytes',
    (seen) => seen.sum('tcp_received_bytes_total', server.label) === 1200,
  );
  const [received, ...others] = scrape.select('tcp_received_bytes_total', server.label);
  expect(others).toEqual([]);
  expect(received?.labels.process_pid).not.toBe(`${server.child.pid}`);
  const [opened] = scrape.select('tcp_connections_opened_total', server.label).filter(({ value }) => value > 0);
  expect(opened).toMatchObject({ value: 4, labels: { process_pid: received?.labels.process_pid } });
});

test('a connection handed over with its descriptor belongs to each process for what it read', async () => {
  await using host = await start();
  await using server = await Peer.start('server', 'tcp-s-pass', ['-n', '4', '-r', '600', '-s', '80', '-P']);
  const port = await server.port();
  await using client = await Peer.start('client', 'tcp-c-pass', ['-p', port, '-n', '4', '-s', '600', '-r', '80']);
  await Promise.all([server.done(), client.done()]);
  const scrape = await host.scrapeUntil(
    'the bytes',
    (seen) =>
      seen.sum('tcp_received_bytes_total', server.label) === 2400 &&
      seen.sum('tcp_sent_bytes_total', server.label) === 320,
  );
  const parent = { ...server.label, process_pid: `${server.child.pid}` };
  const [heir] = scrape.select('tcp_sent_bytes_total', server.label).filter(({ value }) => value === 320);
  expect(heir?.labels.process_pid).toBeDefined();
  expect(heir?.labels.process_pid).not.toBe(parent.process_pid);
  expect(scrape.value('tcp_connections_open', { ...server.label, process_pid: heir!.labels.process_pid! })).toBe(4);
  expect(scrape.value('tcp_connections_open', parent) ?? 0).toBe(0);
  expect(scrape.value('tcp_connections_opened_total', parent)).toBe(4);
});

test('connect, exec, connect: each program has the connection it made, though the process is one', async () => {
  await using host = await start();
  await using server = await Peer.start('server', 'tcp-s-exec', ['-n', '2', '-r', '50']);
  const port = await server.port();
  const second = await compile('workloads/tcp-client.c', { name: 'tcp-c-then' });
  const next = ['--', second.path, '-p', port, '-n', '1', '-s', '50'];
  await using first = await Peer.start('client', 'tcp-c-first', ['-p', port, '-n', '1', '-s', '50', ...next]);
  await Promise.all([server.done(), first.done()]);
  const scrape = await host.scrapeUntil(
    'both connections',
    (seen) => seen.sum('tcp_received_bytes_total', server.label) === 100 && seen.sum('tcp_sent_bytes_total', second.label) === 50,
  );
  for (const { label } of [first, second]) {
    const ofOne = { ...label, process_pid: `${first.child.pid}` };
    expect(scrape.value('tcp_connections_opened_total', ofOne)).toBe(1);
    expect(scrape.value('tcp_sent_bytes_total', ofOne)).toBe(50);
  }
});

test('targets choose by the owner', async () => {
  await using server = await Peer.start('server', 'tcp-s-target', ['-n', '2', '-r', '70']);
  const port = await server.port();
  await using host = await start({ targets: { include: [{ pid: [server.child.pid] }] } });
  await using client = await Peer.start('client', 'tcp-c-target', ['-p', port, '-n', '2', '-s', '70']);
  await Promise.all([server.done(), client.done()]);
  const scrape = await host.scrapeUntil(
    'the bytes',
    (seen) => seen.sum('tcp_received_bytes_total', server.label) === 140,
  );
  expect(scrape.select('tcp_sent_bytes_total', client.label)).toEqual([]);
  expect(scrape.select('tcp_connections_opened_total', client.label)).toEqual([]);
});

test('links of servers are told apart by the client’s address, and all by its port, only if asked', async () => {
  await using host = await start({ params: { serverPeers: true, clientPort: true } });
  await using server = await Peer.start('server', 'tcp-s-peers', ['-n', '3', '-r', '20']);
  const port = await server.port();
  await using client = await Peer.start('client', 'tcp-c-peers', ['-p', port, '-n', '3', '-s', '20']);
  await Promise.all([server.done(), client.done()]);
  const scrape = await host.scrapeUntil(
    'the bytes',
    (seen) => seen.sum('tcp_received_bytes_total', server.label) === 60,
  );
  const links = scrape.select('tcp_received_bytes_total', { ...server.label, network_peer_address: '127.0.0.1' });
  expect(links.map(({ value }) => value)).toEqual([20, 20, 20]);
  expect(new Set(links.map(({ labels: { client_port } }) => client_port)).size).toBe(3);
});

test('links without connections leave the kernel; their totals stay', async () => {
  await using host = await startHost({ interval: '1s', probes: { tcp: { package: builtInPackage('tcp') } } });
  const args = ['-n', '5', '-r', '10', '-c'];
  await using server = await Peer.start('server', 'tcp-s-idle', args);
  const port = await server.port();
  await using client = await Peer.start('client', 'tcp-c-idle', ['-p', port, '-n', '5', '-s', '10', '-c']);
  await client.done();
  await host.scrapeUntil('the bytes', (seen) => seen.sum('tcp_sent_bytes_total', client.label) === 50);
  await host.scrapeUntil(
    'the gauges are gone',
    (seen) => seen.select('tcp_congestion_window', client.label).length === 0,
    20_000,
  );
  expect((await host.scrape()).sum('tcp_sent_bytes_total', client.label)).toBe(50);
});
