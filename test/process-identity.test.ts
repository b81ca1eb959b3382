// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Child, run } from './harness/child.ts';
import { removeCgroups } from './harness/containers/cgroups.ts';
import { startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { compile, runAtPid } from './harness/workload.ts';

const byProcess = {
  probes: { values: { package: fixturePackage('values') } },
  labels: ['process.pid', 'process.creation.time', 'process.executable.name'],
};

test('a process of 5 ms, which nobody looked at while it lived, has all of its identity', async () => {
  const { path, name, label } = await compile('workloads/values.c', { name: 'values-brief' });
  const labels = [
    'process.pid',
    'process.creation.time',
    'process.executable.path',
    'process.executable.name',
    'process.command',
    'process.command_line',
    'process.title',
    'process.parent_pid',
    'process.vpid',
    'process.user.id',
    'process.owner',
    'process.linux.cgroup',
    'systemd.unit',
  ];
  await using host = await startHost({ ...byProcess, labels });
  const cgroup = `/sonde-test-${process.pid}.slice`;
  await using _ = { [Symbol.asyncDispose]: () => removeCgroups(cgroup) };
  const unit = `${unifiedHierarchy()}${cgroup}/web.service`;
  mkdirSync(unit, { recursive: true });

  const began = Date.now();
  const command = [path, '5', '1', '--token', 's3cret', 'note', 'x'.repeat(300)];
  const inUnit = ['-c', `echo $$ > ${unit}/cgroup.procs && exec "$@"`, 'sh', 'unshare', '--pid', '--fork', ...command];
  const parent = new Child('/bin/sh', inUnit, { env: { PAUSE_US: '1000' } });
  expect(await parent.exited).toBe(0);

  const scrape = await host.scrapeUntil('its calls', (seen) => seen.sum('values_calls_total', label) === 5);
  const series = scrape.select('values_calls_total', label);
  expect(series).toHaveLength(1);
  const shown = series[0]!.labels;
  expect(shown).toEqual({
    process_pid: expect.stringMatching(/^\d+$/),
    process_creation_time: expect.any(String),
    process_executable_path: expect.stringMatching(new RegExp(`^(/.*)?${path}$`)),
    process_executable_name: name,
    process_command: path,
    process_command_line: expect.stringMatching(new RegExp(`^${path} 5 1 --token \\*\\*\\* note x+$`)),
    process_title: name.slice(0, 15),
    process_parent_pid: String(parent.pid),
    process_vpid: '1',
    process_user_id: '0',
    process_owner: 'root',
    process_linux_cgroup: `${cgroup}/web.service`,
    systemd_unit: 'web.service',
  });
  expect(shown.process_command_line!.length, '256 bytes, of which three mask six').toBe(253);
  expect(Date.parse(shown.process_creation_time!)).toBeGreaterThan(began - 1000);
  expect(Date.parse(shown.process_creation_time!)).toBeLessThan(Date.now() + 1000);
});

/** Where the second version of cgroups is mounted. */
function unifiedHierarchy(): string {
  return ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find(existsSync)!;
}

test('a pid that is used again is another process, with a series of its own', async () => {
  const values = await compile('workloads/values.c', { name: 'values-pid' });
  await using host = await startHost(byProcess);
  const former = new Child('/bin/true', []);
  await former.exited;
  await runAtPid(former.pid, values.path, ['11', '1']);
  await runAtPid(former.pid, values.path, ['13', '1']);

  const label = { process_pid: String(former.pid) };
  const scrape = await host.scrapeUntil('both processes', (seen) => seen.sum('values_calls_total', label) >= 24);
  const series = scrape.select('values_calls_total', label);
  expect(series.map(({ value }) => value).toSorted((a, b) => a - b)).toEqual([11, 13]);
  expect(new Set(series.map(({ labels }) => labels.process_creation_time)).size).toBe(2);
});

test('an exec ends one program and begins another in the same process', async () => {
  const first = await compile('workloads/values.c', { name: 'values-first' });
  const second = await compile('workloads/values.c', { name: 'values-second' });
  await using host = await startHost(byProcess);
  await run(first.path, ['17', '1', 'exec', second.path, '19', '1']);

  const scrape = await host.scrapeUntil('both programs', (seen) => seen.sum('values_calls_total', second.label) >= 19);
  const [before, after] = [first, second].map(({ label }) => scrape.select('values_calls_total', label));
  expect(before?.map(({ value }) => value)).toEqual([17]);
  expect(after?.map(({ value }) => value)).toEqual([19]);
  expect(after?.[0]?.labels.process_pid).toBe(before?.[0]?.labels.process_pid);
});

test('a process older than the host has its name, and a fork without exec that of its parent', async () => {
  const values = await compile('workloads/values.c', { name: 'values-older' });
  await using workload = new Child(values.path, ['until', '1'], { env: { PAUSE_US: '1000' } });
  await using host = await startHost(byProcess);
  const label = { process_pid: String(workload.pid) };
  const scrape = await host.scrapeUntil('its calls', (seen) => seen.sum('values_calls_total', label) > 0);
  expect(scrape.select('values_calls_total', label)).toMatchObject([{ labels: values.label }]);
});
