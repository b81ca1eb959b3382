// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { cpuOf } from './loads.ts';
import { Child } from '../../test/harness/child.ts';
import type { Host } from '../../test/harness/host.ts';
import { waitFor } from '../../test/harness/wait.ts';
import type { ProgramCost } from './program-costs.ts';
import { programCosts } from './program-costs.ts';

/** Connections of one process: the limit of descriptors is 16384. */
const EACH = 12_500;

/** What so many open connections cost: memory, and each snapshot. */
export async function growth(
  host: Host,
  executables: { server: string; client: string },
  connections: number,
): Promise<Record<string, string>> {
  const before = slabBytes();
  const peers: Child[] = [];
  try {
    for (let left = connections; left > 0; left -= EACH) {
      const count = `${Math.min(left, EACH)}`;
      const server = new Child(executables.server, ['-n', count, '-r', '10', '-s', '10'], { input: true });
      peers.push(server);
      const port = await waitFor('a port', () => server.stdout.split('\n')[0]);
      const client = new Child(executables.client, ['-p', port, '-n', count, '-s', '10', '-r', '10'], { input: true });
      peers.push(client);
      await waitFor('all connections', () => client.stdout.includes('done'), { timeout: 120_000 });
    }
    await host.scrapeUntil('all are open', (seen) => seen.sum('tcp_connections_open', {}) >= 2 * connections, 60_000);
    const socketBytes = slabBytes() - before;
    const [walk, hostCpu] = await snapshotCost(host);
    const status = await host.probe('tcp');
    const maps = status.maps.reduce((sum, { bytes }) => sum + bytes, 0);
    const scrape = await host.scrape();
    const lost =
      scrape.sum('sonde_loss_total', { probe: 'tcp' }) + scrape.sum('sonde_overflow_total', { probe: 'tcp' });
    return {
      'connections (two sockets each)': `${connections}`,
      'maps, MB': (maps / 2 ** 20).toFixed(1),
      'sockets with their storage, B each': (socketBytes / connections / 2).toFixed(0),
      'walk, ns a socket': (walk / connections / 2).toFixed(0),
      'host CPU for a snapshot, ms': (hostCpu / 1e6).toFixed(1),
      links: `${status.maps.find(({ name }) => name === 'links')?.entries}`,
      'lost or without labels': `${lost}`,
    };
  } finally {
    for (const peer of peers) peer.process.stdin?.end();
    await Promise.all(peers.map((peer) => peer.exited));
  }
}

/** Time in the walks of one snapshot, and CPU time of the host for it, ns. */
async function snapshotCost(host: Host): Promise<[walk: number, hostCpu: number]> {
  const measured: [number, number][] = [];
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const cpu = cpuOf(host.pid);
    const costs = await programCosts(host, async () => void (await host.fetchMetrics()));
    const walk = costs
      .filter(({ name }) => name.endsWith('_walk'))
      .reduce((sum: number, cost: ProgramCost) => sum + cost.nanoseconds, 0);
    measured.push([walk, cpuOf(host.pid) - cpu]);
  }
  return measured.toSorted((a, b) => a[0] - b[0])[2]!;
}

function slabBytes(): number {
  return Number(/SUnreclaim:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1]) * 1024;
}
