// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bpfHeldBy, stillThere } from './harness/bpf.ts';
import { Host, hostFolder, startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { temporaryFolder } from './harness/temporary-folder.ts';
import { waitFor } from './harness/wait.ts';

const values = { package: fixturePackage('values'), collectors: { keyed: true, records: true } };

test('a SIGHUP that comes while the host starts does not end it', async () => {
  await using host = new Host(await hostFolder({ probes: { values } }));
  await waitFor('the host has read its configuration', async () => (await host.rest.get('/healthz')).status === 200);
  process.kill(host.pid, 'SIGHUP');
  await host.ready();
  expect(await host.probe('values')).toMatchObject({ state: 'running' });
});

test('a SIGHUP where a log file cannot be opened anew is told, and the configuration is read all the same', async () => {
  using logs = temporaryFolder();
  const sinks = { log: { path: join(logs.path, 'events.jsonl') } };
  await using host = await startHost({ sinks, probes: {} });
  rmSync(logs.path, { recursive: true });
  host.folder.write({ sinks, probes: { values } });
  process.kill(host.pid, 'SIGHUP');
  await waitFor('the probe runs', async () => (await host.rest.get('/v1/probes/values')).body.state === 'running');
  expect(host.output).toContain('SONDE_SINK_OUTPUT');
});

test.each([0, 2, 20])('a host that stops refuses changes, asked every %d ms, and ends', async (pause) => {
  await using host = await startHost({ probes: { values } });
  const held = await bpfHeldBy(host.pid);
  process.kill(host.pid, 'SIGTERM');
  const answers: Promise<number>[] = [];
  const ask = (verb: string): void => {
    const answer = host.rest.post(`/v1/probes/values/${verb}`).then(({ status }) => status);
    answers.push(answer.catch(() => 0)); // it has closed its socket
  };
  for (let round = 0; round < 20 && !host.child.ended; round++) {
    // not when it is as good as gone: Node.js lets go of its handlers at the end
    if (round < 2) process.kill(host.pid, 'SIGHUP');
    for (const verb of ['restart', 'stop', 'start']) ask(verb);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  expect(await host.child.exited).toBe(0);
  for (const status of await Promise.all(answers)) expect([0, 200, 404, 503]).toContain(status);
  expect(host.output).not.toContain('SONDE_INTERNAL');
  await waitFor('all of it is gone', async () => (await stillThere(held)).length === 0);
});
