// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Child } from './harness/child.ts';
import { startHost, type Host } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { waitFor } from './harness/wait.ts';
import { compile, type Workload } from './harness/workload.ts';

interface LogRecord {
  event_name: string;
  severity_text: string;
  body: string;
  attributes: Record<string, unknown>;
  scope: { name: string };
  resource: Record<string, unknown>;
}

let host: Host;
let workload: Workload;
beforeAll(async () => {
  workload = await compile('workloads/values.c', { name: 'values-rules' });
  const match = { 'process.executable.name': workload.name };
  host = await startHost({
    interval: '200ms',
    probes: { values: { package: fixturePackage('values') } },
    rules: {
      'values.busy': { metric: 'values.calls', when: '> 50/s', window: '1s', for: '500ms', match, severity: 'error' },
      'values.slow': {
        metric: 'values.duration',
        statistic: 'p90',
        when: '> 20ms',
        until: '< 10ms',
        window: '1s',
        match,
      },
      'values.nonsense': { metric: 'values.last', when: '> 1s' },
    },
  });
});
afterAll(() => host[Symbol.asyncDispose]());

const said = (name: string): LogRecord[] =>
  (host.events() as unknown as LogRecord[]).filter(({ event_name: event }) => event === name);
const states = (name: string): unknown[] => said(name).map(({ attributes }) => attributes['sonde.rule.state']);

test('thresholds over a rate and a distribution fire and are resolved, with the labels of the series', async () => {
  const busy = new Child(workload.path, ['2000', '50000000'], { env: { PAUSE_US: '1000' } });
  await waitFor('both rules fire', () => states('values.busy').length > 0 && states('values.slow').length > 0);
  await busy.stop();
  await waitFor('both are resolved', () => states('values.busy').length > 1 && states('values.slow').length > 1);
  expect(states('values.busy')).toEqual(['firing', 'resolved']);
  expect(states('values.slow')).toEqual(['firing', 'resolved']);
  expect(said('values.busy')[0]).toMatchObject({
    severity_text: 'ERROR',
    body: expect.stringMatching(/^firing: rate of values\.calls is \d+(\.\d+)?\/s \(> 50\/s for 500ms\)$/),
    attributes: { 'process.executable.name': workload.name, 'sonde.rule.statistic': 'rate' },
    scope: { name: 'values' },
  });
  const [slow] = said('values.slow');
  expect(slow).toMatchObject({ severity_text: 'WARN', resource: { 'host.name': expect.any(String) } });
  // slots are 19 % wide
  expect(slow!.attributes['sonde.rule.value']).toBeGreaterThan(0.042);
  expect(slow!.attributes['sonde.rule.value']).toBeLessThan(0.06);
});

test('events of rules count as those of the probe', async () => {
  const scrape = await host.scrapeUntil(
    'the count',
    (seen) => seen.sum('sonde_events_total', { event: 'values.slow' }) >= 2,
  );
  expect(scrape.sum('sonde_events_total', { probe: 'values', event: 'values.slow' })).toBe(2);
  expect(scrape.sum('sonde_loss_total', { probe: 'values', stage: 'sink', sink: 'log' })).toBe(0);
});

test('a rule that does not fit its metric is told, and the host goes on', () => {
  expect(host.output).toMatch(/rule 'values\.nonsense' is not in effect: 'when': '> 1s' is no bound for values\.last/);
});

test('sonde events follows what happens', async () => {
  const follow = new Child(process.execPath, sondeEvents());
  const burst = new Child(workload.path, ['400', '50000000'], { env: { PAUSE_US: '1000' } });
  await waitFor('a line', () => follow.stdout.includes('\n'), { timeout: 15_000 });
  await burst.stop();
  expect(await follow.exited).toBe(0);
  expect(follow.stdout).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} (WARN|INFO) +values\.slow (firing|resolved): p90 of .*sonde\.rule\.metric=values\.duration/,
  );
});

function sondeEvents(): string[] {
  const [command] = host.child.process.spawnargs.slice(1);
  return [
    command!,
    'events',
    '--follow',
    '--probe',
    'values',
    '--name',
    '*.slow',
    '--count',
    '1',
    '--socket',
    host.folder.socket,
  ];
}
