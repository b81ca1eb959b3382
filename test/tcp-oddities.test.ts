// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { builtInPackage } from './harness/paths.ts';
import { Peer } from './harness/tcp.ts';
import { findTool } from './harness/tools.ts';

const netns = `sonde-odd-${process.pid}`;
const ip = (...args: string[]): Promise<string> => run(findTool('ip'), args);
/** Runs a script of Python in the namespace, and gives what it printed. */
const inside = async (script: string): Promise<string> =>
  (await ip('netns', 'exec', netns, 'python3', '-c', script)).trim();

let host: Host;
beforeAll(async () => {
  host = await startHost({ probes: { tcp: { package: builtInPackage('tcp'), labels: ['process.pid'] } } });
  await ip('netns', 'add', netns);
  await ip('-n', netns, 'link', 'set', 'lo', 'up');
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await ip('netns', 'delete', netns).catch(() => {});
});

test('what is spliced from a socket into a pipe counts to the byte', async () => {
  const script = `
import os, socket, threading
listener = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
threading.Thread(target=lambda: (client.sendall(bytes(1234567)), client.close())).start()
out, into = os.pipe()
total = 0
while True:
    moved = os.splice(server.fileno(), into, 65536)
    if not moved: break
    total += len(os.read(out, moved))
server.close()
print(os.getpid(), listener.getsockname()[1], total)`;
  const [pid, port, total] = (await inside(script)).split(' ');
  expect(total).toBe('1234567');
  const at = { process_pid: pid!, server_port: port! };
  const scrape = await host.scrapeUntil(
    'the connections',
    (seen) => seen.sum('tcp_connections_closed_total', at) === 2,
  );
  expect(scrape.value('tcp_received_bytes_total', { ...at, tcp_role: 'server' })).toBe(1234567);
  expect(scrape.value('tcp_sent_bytes_total', { ...at, tcp_role: 'client' })).toBe(1234567);
});

test('segments with a wrong checksum are drops with their reason, as many as the kernel says', async () => {
  const script = `
import os, socket, struct
listener = socket.create_server(('127.0.0.1', 0))
port = listener.getsockname()[1]
client = socket.create_connection(('127.0.0.1', port))
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
for _ in range(9):
    raw.sendto(struct.pack('!HHIIBBHHH', client.getsockname()[1], port, 1, 1, 5 << 4, 16, 100, 0x1234, 0), ('127.0.0.1', 0))
seen = open('/proc/self/net/snmp').read().split('Tcp: ')
print(seen[2].split()[seen[1].split().index('InCsumErrors')])`;
  expect(await inside(script)).toBe('9');
  const scrape = await host.scrapeUntil(
    'the drops',
    (seen) => seen.sum('tcp_drops_total', { tcp_reason: 'tcp_csum' }) >= 9,
  );
  expect(scrape.sum('tcp_drops_total', { tcp_reason: 'tcp_csum' })).toBe(9);
});

test('with targets, resets by no socket are left to the counters of their namespace', async () => {
  await using server = await Peer.start('server', 'tcp-s-chosen', ['-i'], netns);
  await server.port();
  const targets = { include: [{ pid: [server.child.pid] }] };
  expect(await host.rest.put('/v1/probes/tcp', { targets })).toMatchObject({ status: 200 });
  const inode = (await ip('netns', 'exec', netns, 'stat', '-Lc', '%i', '/proc/self/ns/net')).trim();
  const nobodys = { tcp_reason: 'no_socket' };
  const before = await host.scrapeUntil(
    'the namespace',
    (seen) => seen.value('tcp_host_resets_sent_total', { network_namespace: inode }) !== undefined,
  );
  const sent = before.value('tcp_host_resets_sent_total', { network_namespace: inode })!;
  await using client = await Peer.start('client', 'tcp-c-nobody', ['-p', '1', '-n', '7', '-e'], netns);
  await client.done();
  const after = await host.scrapeUntil(
    'the resets',
    (seen) => seen.value('tcp_host_resets_sent_total', { network_namespace: inode }) === sent + 7,
  );
  expect(after.sum('tcp_resets_total', nobodys)).toBe(before.sum('tcp_resets_total', nobodys));
});
