// SPDX-License-Identifier: Apache-2.0
import { existsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { type Host, startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { temporaryFolder } from './harness/temporary-folder.ts';
import { waitFor } from './harness/wait.ts';
import { compile } from './harness/workload.ts';

const id = 'feed'.repeat(8);
/** A machine that was never booted by systemd may have none. */
const hasId = existsSync('/etc/machine-id');

/** Another name and machine id, for the host that is run by it alone. */
function asAnotherMachine(folder: string): string[] {
  writeFileSync(join(folder, 'machine-id'), `${id}\n`);
  const another = hasId ? `mount --bind ${folder}/machine-id /etc/machine-id && ` : '';
  const become = `hostname other && ${another}exec "$@"`;
  return ['unshare', '--uts', '--mount', 'sh', '-c', become, 'sh'];
}

test('the output of two hosts can be told apart, in what is scraped and in what is written', async () => {
  using folder = temporaryFolder();
  const workload = await compile('workloads/values.c', { name: 'values-two-hosts' });
  const config = {
    interval: '1s',
    probes: { values: { package: fixturePackage('values'), params: { reportFrom: 1 }, collectors: { records: true } } },
  };
  await using one = await startHost(config);
  await using other = await startHost(config, { under: asAnotherMachine(folder.path) });
  await run(workload.path, ['7', String(2 ** 48)]);

  for (const [host, name] of [[one, hostname()], [other, 'other']] as const) {
    const scrape = await host.scrapeUntil('the calls', (seen) => seen.sum('values_calls_total', workload.label) === 7);
    expect(scrape.select('values_calls_total', workload.label).map(({ labels }) => labels.host_name)).toEqual([name]);
    await waitFor('its events', () => eventsOf(host, workload.name).length === 7);
    expect(new Set(eventsOf(host, workload.name).map(({ resource }) => resource['host.name']))).toEqual(new Set([name]));
  }
  const ids = [...new Set(eventsOf(other, workload.name).map(({ resource }) => resource['host.id']))];
  expect(ids).toEqual([hasId ? id : undefined]);
  expect(eventsOf(one, workload.name)[0]?.resource['host.id']).not.toBe(id);
});

function eventsOf(host: Host, executable: string): { resource: Record<string, unknown> }[] {
  const events = host.events() as { resource: Record<string, unknown> }[];
  return events.filter(({ resource }) => resource['process.executable.name'] === executable);
}
