// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { waitFor } from './harness/wait.ts';
import { compile } from './harness/workload.ts';

test('a probe over a budget loses its dearest collector and says so; a restart gives it back', async () => {
  await using host = await startHost({
    probes: { values: { package: fixturePackage('values'), collectors: { keyed: true }, budgets: { mapBytes: 4096 } } },
  });
  const throttled = await waitFor('the probe is throttled', async () => {
    const probe = await host.probe('values');
    return probe.state === 'throttled' ? probe : undefined;
  });
  expect(throttled).toMatchObject({ error: { code: 'SONDE_BUDGET', message: expect.stringContaining('bytes of maps') } });
  const states = throttled.programs.map(({ state }) => state);
  expect(states).toContain('attached');
  expect(states).toContain('detached');
  expect((await host.rest.post('/v1/probes/values/restart')).body).toMatchObject({ state: 'running' });
});

test('events beyond the budget of a second are dropped and counted', async () => {
  const values = await compile('workloads/values.c', { name: 'values-budget' });
  await using host = await startHost({
    probes: {
      values: {
        package: fixturePackage('values'),
        collectors: { calls: false, records: true },
        budgets: { eventsPerSecond: 10 },
      },
    },
  });
  const events = 1000;
  await run(values.path, [String(events), `n${2 ** 48}`]);
  const dropped = { probe: 'values', stage: 'events', cause: 'budget' };
  const emitted = { probe: 'values' };
  const scrape = await host.scrapeUntil('all events accounted for', (seen) => {
    return seen.sum('sonde_events_total', emitted) + seen.sum('sonde_loss_total', dropped) >= events;
  });
  expect(scrape.sum('sonde_events_total', emitted) + scrape.sum('sonde_loss_total', dropped)).toBe(events);
  expect(scrape.sum('sonde_loss_total', dropped)).toBeGreaterThanOrEqual(events - 30);
});
