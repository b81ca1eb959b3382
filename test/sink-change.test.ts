// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Child } from './harness/child.ts';
import { Host, hostFolder } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { waitFor } from './harness/wait.ts';
import { compile } from './harness/workload.ts';

const EVENT = 2 ** 48;

/** The values of all events in these files, each once. */
function valuesIn(...files: string[]): Set<number> {
  const lines = files.filter((file) => existsSync(file)).flatMap((file) => readFileSync(file, 'utf8').split('\n'));
  // the fixture shows its values as nanoseconds, so they come in seconds
  const seconds = lines.filter(Boolean).map((line) => Number((JSON.parse(line) as Line).attributes['values.value']));
  return new Set(seconds.map((value) => Math.round(value * 1e9)).filter((value) => value >= EVENT));
}
interface Line {
  attributes: Record<string, unknown>;
}

test('a sink that is replaced while events flow misses none of them', async () => {
  const values = await compile('workloads/values.c', { name: 'values-change' });
  using folder = await hostFolder();
  const files = ['a', 'b', 'c'].map((name) => join(folder.path, `${name}.jsonl`));
  const configure = (path: string): void =>
    folder.write({
      probes: { values: { package: fixturePackage('values'), collectors: { calls: false, records: true } } },
      sinks: { prometheus: { listen: `127.0.0.1:${folder.metricsPort}` }, log: { path } },
    });
  configure(files[0]!);
  await using host = new Host(folder);
  await host.ready();

  const events = 3000;
  await using workload = new Child(values.path, [String(events), `n${EVENT}`], { env: { PAUSE_US: '1000' } });
  for (const file of files.slice(1)) {
    await sleep(800);
    configure(file);
    process.kill(host.pid, 'SIGHUP');
    await waitFor(`events in ${file}`, () => existsSync(file));
  }
  await workload.exited;
  await waitFor('all events', () => valuesIn(...files).size === events);
  expect(valuesIn(...files).size).toBe(events);
});
