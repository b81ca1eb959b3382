// SPDX-License-Identifier: Apache-2.0
/**
 * The tcp probe in a guest kernel, which has what this machine's may lack: netem. Delay and loss must come out as set.
 *
 *	test/kernels/boot.sh "$(test/kernels/fetch.sh backports)" node test/kernels/tcp.ts <tcp-server> <tcp-client>
 *
 * The executables are compiled before, since a compiler is slow in there.
 */
import assert from 'node:assert/strict';
import { release } from 'node:os';
import { Child, run } from '../harness/child.ts';
import { startHost } from '../harness/host.ts';
import { builtInPackage } from '../harness/paths.ts';
import { waitFor } from '../harness/wait.ts';

const [serverFile = '', clientFile = ''] = process.argv.slice(2);
const [NEAR, FAR] = ['10.231.78.1', '10.231.78.2'];
const CONNECTIONS = 10;
const BYTES = 100_000;
const DELAY_SECONDS = 0.05;
const patience = { timeout: 120_000, every: 200 };

const ip = (...args: string[]): Promise<string> => run('ip', args);
const near = (...args: string[]): Promise<string> => ip('netns', 'exec', 'near', ...args);

await ip('netns', 'add', 'near');
await ip('netns', 'add', 'far');
await ip('link', 'add', 'veth0', 'netns', 'near', 'type', 'veth', 'peer', 'name', 'veth0', 'netns', 'far');
for (const [netns, address] of [
  ['near', NEAR],
  ['far', FAR],
] as const) {
  await ip('-n', netns, 'address', 'add', `${address}/24`, 'dev', 'veth0');
  await ip('-n', netns, 'link', 'set', 'veth0', 'up');
}
await near('tc', 'qdisc', 'add', 'dev', 'veth0', 'root', 'netem', 'delay', `${DELAY_SECONDS * 1000}ms`);

const host = await startHost({ probes: { tcp: { package: builtInPackage('tcp') } } });
const { state, warnings } = await host.probe('tcp');
console.log(release(), state, warnings.join('\n'));
assert.equal(state, 'running');

async function traffic(): Promise<void> {
  const server = new Child(
    'ip',
    ['netns', 'exec', 'far', serverFile, '-a', FAR, '-n', `${CONNECTIONS}`, '-r', `${BYTES}`, '-s', '10'],
    { input: true },
  );
  const port = await waitFor('a port', () => server.stdout.split('\n')[0], patience);
  const client = new Child(
    'ip',
    ['netns', 'exec', 'near', clientFile, '-a', FAR, '-p', port, '-n', `${CONNECTIONS}`, '-s', `${BYTES}`, '-r', '10'],
    { input: true },
  );
  await waitFor('the client', () => client.stdout.includes('done'), patience);
  const atClient = { tcp_role: 'client', server_port: port };
  const scrape = await host.scrapeUntil(
    'the bytes',
    (seen) => seen.sum('tcp_sent_bytes_total', atClient) >= CONNECTIONS * BYTES,
    60_000,
  );
  assert.equal(scrape.value('tcp_connections_open', atClient), CONNECTIONS);
  assert.equal(scrape.sum('tcp_sent_bytes_total', atClient), CONNECTIONS * BYTES);
  assert.equal(scrape.sum('tcp_received_bytes_total', { tcp_role: 'server', server_port: port }), CONNECTIONS * BYTES);
  const shortest = scrape.value('tcp_rtt_minimum_seconds', atClient)!;
  const connect = scrape.histogram('tcp_connect_duration_seconds', atClient);
  console.log(`shortest round trip ${shortest} s, connect ${connect.sum / connect.count} s, set ${DELAY_SECONDS} s`);
  assert.ok(shortest >= DELAY_SECONDS && shortest < DELAY_SECONDS * 1.5, 'the round trip is the delay');
  assert.ok(connect.sum / connect.count >= DELAY_SECONDS, 'so is the handshake');
  for (const peer of [client, server]) peer.process.stdin?.end();
  await Promise.all([client.exited, server.exited]);
}

async function retransmitted(): Promise<number> {
  const lines = (await near('cat', '/proc/net/snmp'))
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(lines[1]?.[(lines[0] ?? []).indexOf('RetransSegs')]);
}

await traffic();
await near(
  'tc',
  'qdisc',
  'change',
  'dev',
  'veth0',
  'root',
  'netem',
  'delay',
  `${DELAY_SECONDS * 1000}ms`,
  'loss',
  '5%',
);
await traffic();
const kernel = await retransmitted();
const scrape = await host.scrapeUntil(
  'the retransmits',
  (seen) => seen.sum('tcp_retransmits_total', { tcp_role: 'client' }) === kernel,
  30_000,
);
console.log(`retransmits ${scrape.sum('tcp_retransmits_total', { tcp_role: 'client' })}, of the kernel ${kernel}`);
assert.ok(kernel > 0);
await host[Symbol.asyncDispose]();
