// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { builtInPackage } from './harness/paths.ts';
import { kernelCounter, Peer } from './harness/tcp.ts';
import { findTool } from './harness/tools.ts';

/** Two network namespaces joined by a veth pair: clients in one, servers in the other. */
const [near, far] = [`sonde-near-${process.pid}`, `sonde-far-${process.pid}`];
const NEAR = '10.231.77.1';
const FAR = '10.231.77.2';

const ip = (...args: string[]): Promise<string> => run(findTool('ip'), args);
const inside = (netns: string, command: string, ...args: string[]): Promise<string> =>
  ip('netns', 'exec', netns, findTool(command), ...args);

let host: Host;
beforeAll(async () => {
  host = await startHost({ probes: { tcp: { package: builtInPackage('tcp'), params: { reportEvents: true } } } });
  await ip('netns', 'add', near);
  await ip('netns', 'add', far);
  await ip('link', 'add', 'veth0', 'netns', near, 'type', 'veth', 'peer', 'name', 'veth0', 'netns', far);
  for (const [netns, address] of [
    [near, NEAR],
    [far, FAR],
  ] as const) {
    await ip('-n', netns, 'address', 'add', `${address}/24`, 'dev', 'veth0');
    await ip('-n', netns, 'link', 'set', 'veth0', 'up');
  }
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  for (const netns of [near, far]) await ip('netns', 'delete', netns).catch(() => {});
});

/** Drops packets to this port that arrive in a namespace, for as long as `work` runs. */
async function dropping(netns: string, rule: string[], work: () => Promise<void>): Promise<void> {
  await inside(netns, 'nft', 'add', 'table', 'inet', 'test');
  await inside(netns, 'nft', 'add', 'chain', 'inet', 'test', 'input', '{ type filter hook input priority 0; }');
  await inside(netns, 'nft', 'add', 'rule', 'inet', 'test', 'input', ...rule, 'drop');
  try {
    await work();
  } finally {
    await inside(netns, 'nft', 'delete', 'table', 'inet', 'test');
  }
}

test('with a twentieth of the segments dropped, retransmits are the kernel’s and every byte counts once', async () => {
  await using server = await Peer.start(
    'server',
    'tcp-s-lossy',
    ['-a', FAR, '-n', '10', '-r', '2000000', '-s', '1000'],
    far,
  );
  const port = await server.port();
  const args = ['-a', FAR, '-p', port, '-n', '10', '-s', '2000000', '-r', '1000'];
  await dropping(far, ['tcp', 'dport', port, 'numgen', 'inc', 'mod', '20', '==', '0'], async () => {
    await using client = await Peer.start('client', 'tcp-c-lossy', args, near);
    await Promise.all([client.done(), server.done()]);
    // the namespace is new: all that it counts is of this client
    const retransmits = kernelCounter('Tcp', 'RetransSegs', client.child.pid);
    expect(retransmits).toBeGreaterThan(0);
    // the acknowledgement of the last answer may be among the dropped
    const scrape = await host.scrapeUntil(
      'the bytes',
      (seen) =>
        seen.value('tcp_received_bytes_total', server.label) === 20_000_000 &&
        seen.value('tcp_sent_bytes_total', server.label) === 10_000,
    );
    expect(scrape.value('tcp_sent_bytes_total', client.label)).toBe(20_000_000);
    expect(scrape.value('tcp_received_bytes_total', client.label)).toBe(10_000);
    expect(scrape.sum('tcp_retransmits_total', client.label)).toBe(retransmits);
    expect(scrape.sum('tcp_drops_total', { tcp_reason: 'netfilter_drop' })).toBeGreaterThan(0);
    const [{ labels } = { labels: {} }] = scrape.select('tcp_sent_bytes_total', client.label);
    expect(labels).toMatchObject({ network_local_address: NEAR, network_peer_address: FAR });
    await Promise.all([client.end(), server.end()]);
  });
});

test('a black-holed address is a failed connection after its SYNs were sent again', async () => {
  await ip('netns', 'exec', near, 'sh', '-c', 'echo 2 >/proc/sys/net/ipv4/tcp_syn_retries');
  await using witness = await Peer.start('server', 'tcp-s-hole', ['-a', NEAR, '-i'], near);
  await witness.port();
  const before = kernelCounter('TcpExt', 'TCPSynRetrans', witness.child.pid);
  await dropping(far, ['tcp', 'dport', '4444'], async () => {
    await using client = await Peer.start('client', 'tcp-c-hole', ['-a', FAR, '-p', '4444', '-e'], near);
    expect(await client.done()).toEqual(['Connection timed out']);
    const failed = { ...client.label, tcp_reason: 'timeout', network_peer_address: FAR, server_port: '4444' };
    const scrape = await host.scrapeUntil(
      'the failure',
      (seen) => seen.value('tcp_connections_failed_total', failed) === 1,
    );
    const repeated = kernelCounter('TcpExt', 'TCPSynRetrans', witness.child.pid) - before;
    expect(repeated).toBeGreaterThanOrEqual(2);
    expect(scrape.sum('tcp_syn_retransmits_total', client.label)).toBe(repeated);
    expect(scrape.value('tcp_retransmits_total', { ...client.label, tcp_retransmit_kind: 'syn' })).toBe(repeated);
  });
}, 60_000);

test('each namespace has its own counters of the kernel', async () => {
  await using server = await Peer.start('server', 'tcp-s-ns', ['-a', FAR, '-i'], far);
  await server.port();
  const netns = (await ip('netns', 'exec', far, 'stat', '-Lc', '%i', '/proc/self/ns/net')).trim();
  const scrape = await host.scrapeUntil(
    'the namespace',
    (seen) => seen.value('tcp_host_connections_open', { network_namespace: netns }) === 0,
  );
  expect(scrape.select('tcp_host_segments_received_total', {}).length).toBeGreaterThan(1);
});
