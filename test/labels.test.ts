// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { Child, run } from './harness/child.ts';
import { startCollector } from './harness/collector.ts';
import { startHost } from './harness/host.ts';
import { fixturePackage, samplePackage } from './harness/paths.ts';
import { waitFor } from './harness/wait.ts';
import { compile } from './harness/workload.ts';

const values = { package: fixturePackage('values') };

test('labels differ by sink and probe, and rules leave series out and write labels', async () => {
  const kept = await compile('workloads/values.c', { name: 'values-kept' });
  const dropped = await compile('workloads/values.c', { name: 'values-dropped' });
  await using one = new Child(kept.path, ['until', '1'], { env: { PAUSE_US: '1000' } });
  await using two = new Child(dropped.path, ['until', '1'], { env: { PAUSE_US: '1000' } });
  const config = {
    node: { attributes: { 'deployment.environment.name': 'test' } },
    labels: ['process.pid'],
    probes: { values: { ...values, attributes: { team: 'storage' } } },
    relabel: [
      { action: 'drop', from: ['process.executable.name'], regex: dropped.name },
      { action: 'replace', from: ['deployment.environment.name', 'process.executable.name'], regex: '(.*);(values-kept).*', to: 'tier', value: '$2.$1' },
    ],
  };
  await using host = await startHost(config);
  const pid = { process_pid: String(one.pid) };
  const scrape = await host.scrapeUntil('calls', (seen) => seen.sum('values_calls_total', pid) > 0);
  const series = scrape.select('values_calls_total');
  expect(series.map(({ labels }) => labels)).toEqual([{ ...pid, team: 'storage', tier: 'values-kept.test' }]);
  expect(two.ended).toBe(false);

  const sinks = { prometheus: { listen: `127.0.0.1:${host.folder.metricsPort}`, labels: ['process.executable.name'] } };
  host.folder.write({ ...config, sinks, relabel: [] });
  const later = await host.scrapeUntil('both, under the labels of the sink', (seen) =>
    [kept, dropped].every(({ label }) => seen.sum('values_calls_total', label) > 0),
  );
  for (const { labels } of later.select('values_calls_total')) expect(Object.keys(labels)).toEqual(['process_executable_name', 'team']);
});

test('rules and labels of one\'s own go over events as over series, in each sink; what they leave out is not lost', async () => {
  await using collector = await startCollector();
  const execs = samplePackage('execs');
  const tag = `relabel-${process.pid}`;
  const mine = { action: 'keep', from: ['process.command_line'], regex: `.*${tag}.*`, signals: ['events'] };
  await using host = await startHost({
    allow: [execs],
    sinks: { log: { path: 'events.jsonl' }, otlp: { endpoint: collector.http }, prometheus: { listen: '127.0.0.1:0' } },
    node: { attributes: { 'deployment.environment.name': 'test' } },
    probes: { execs: { package: execs, params: { reportExecs: true }, attributes: { team: 'storage' } } },
    relabel: [
      mine,
      { action: 'drop', from: ['exec.command_line'], regex: '.*hidden', signals: ['events'] },
      { action: 'replace', from: ['process.owner'], to: 'process.owner', value: '' },
      { action: 'replace', from: ['sonde.event.name', 'exec.arguments'], regex: '(.*);(.*)', to: 'summary', value: '$1 $2' },
      { action: 'replace', from: ['deployment.environment.name'], to: 'deployment.environment.name', value: 'not $1', sinks: ['otlp'] },
    ],
  });
  await run('/bin/true', [tag, 'hidden']);
  await run('/bin/true', [tag, 'shown']);
  const written = await waitFor('the event', () => (host.events().length > 0 ? host.events() : undefined));
  expect(written).toHaveLength(1);
  expect(written[0]).toMatchObject({
    attributes: { 'exec.command_line': `/bin/true ${tag} shown`, team: 'storage', summary: 'proc.exec 3' },
    resource: { 'process.executable.name': 'true', 'deployment.environment.name': 'test' },
  });
  expect(written[0]!['resource']).not.toHaveProperty('process.owner');
  const sent = await waitFor('the log record', () => (collector.logs().length > 0 ? collector.logs() : undefined));
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({
    attributes: { team: 'storage', summary: 'proc.exec 3' },
    resource: { 'process.executable.name': 'true', 'deployment.environment.name': 'not test' },
  });
  const point = await waitFor('the series', () => collector.points().find(({ name }) => name === 'exec.calls'));
  expect(point.attributes['team']).toBe('storage');
  expect((await host.probe('execs')).loss.filter(({ stage, count }) => stage === 'sink' && count > 0)).toEqual([]);
}, 120_000);

test('a wrong expression in a rule is refused, with its place', async () => {
  await using host = await startHost({ probes: { values } });
  const text = JSON.stringify({ apiVersion: 'sonde/v1', relabel: [{ action: 'drop', from: ['process.pid'], regex: '(' }] });
  const { body } = await host.rest.post('/v1/validate', { text });
  expect(body).toMatchObject({ valid: false, problems: [{ code: 'SONDE_INPUT_VALUE', message: expect.stringContaining('(') as string }] });
});

test('targets of the host are for probes without targets of their own; `sonde targets` shows who, and tries rules out', async () => {
  const wanted = await compile('workloads/values.c', { name: 'values-default' });
  const other = await compile('workloads/values.c', { name: 'values-else' });
  await using one = new Child(wanted.path, ['until', '1'], { env: { PAUSE_US: '1000' } });
  await using two = new Child(other.path, ['until', '1'], { env: { PAUSE_US: '1000' } });
  await using host = await startHost({ targets: { include: [{ executable: [wanted.name] }] }, probes: { values } });
  const scrape = await host.scrapeUntil('calls', (seen) => seen.sum('values_calls_total', wanted.label) > 0);
  expect(scrape.sum('values_calls_total', other.label)).toBe(0);

  const report = JSON.parse(await host.sonde('targets', 'values', '--json')) as { processes: object[] };
  expect(report.processes).toEqual([
    { pid: one.pid, watched: true, rule: { list: 'include', index: 0 }, executable: expect.stringContaining(wanted.path) },
  ]);
  const rules = `{ include: [ { executable: ['values-*-${process.pid}'] } ], exclude: [ { pid: [${one.pid}] } ] }`;
  const tried = await host.sonde('targets', 'values', '--dry-run', rules);
  expect(tried).toMatch(new RegExp(`${one.pid} +no +exclude\\[0\\]`));
  expect(tried).toMatch(new RegExp(`${two.pid} +yes +include\\[0\\]`));
  await expect(host.sonde('targets', 'values', '--dry-run', '{ include: [ { executabel: [x] } ] }')).rejects.toThrow('executabel');
  expect((await host.scrape()).sum('values_calls_total', other.label), 'nothing was applied').toBe(0);

  await host.rest.put('/v1/probes/values', { targets: {} });
  await host.scrapeUntil('everybody', (seen) => seen.sum('values_calls_total', other.label) > 0);
  await waitFor('the list of everybody', async () => /No rules: all \d+ processes/.test(await host.sonde('targets', 'values')));
});
