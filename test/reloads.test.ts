// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Child } from './harness/child.ts';
import { fallenCounters } from './harness/exposition.ts';
import type { Exposition } from './harness/exposition.ts';
import { startHost } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { compile } from './harness/workload.ts';

/** Scrapes over and over until `stop` is called, and resolves with every counter that fell or vanished. */
function watchCounters(host: Host): { stop(): Promise<{ scrapes: number; fallen: string[] }> } {
  let stopped = false;
  const watch = async (): Promise<{ scrapes: number; fallen: string[] }> => {
    const fallen: string[] = [];
    let scrapes = 0;
    for (let previous: Exposition | undefined; !stopped; scrapes++) {
      const current = await host.scrape();
      if (previous) fallen.push(...fallenCounters(previous, current));
      previous = current;
    }
    return { scrapes, fallen };
  };
  const watching = watch();
  return {
    stop: () => {
      stopped = true;
      return watching;
    },
  };
}

test('twenty reloads with two scrapers: no counter falls, and the gaps are short', async () => {
  const values = await compile('workloads/values.c', { name: 'values-reload' });
  await using host = await startHost({
    probes: { values: { package: fixturePackage('values'), collectors: { keyed: true } } },
  });
  await using workload = new Child(values.path, ['until', '1'], { env: { PAUSE_US: '100' } });
  const scrapers = [watchCounters(host), watchCounters(host)];

  const gaps: number[] = [];
  for (let reload = 0; reload < 20; reload++) {
    const answer = await host.rest.put('/v1/probes/values', { params: { maxKeys: 100 + reload } });
    expect(answer).toMatchObject({ status: 200, body: { state: 'running', reloadGapSeconds: expect.any(Number) } });
    gaps.push((answer.body as { reloadGapSeconds: number }).reloadGapSeconds);
  }
  for (const { scrapes, fallen } of await Promise.all(scrapers.map((scraper) => scraper.stop()))) {
    expect(fallen).toEqual([]);
    expect(scrapes).toBeGreaterThan(20);
  }
  await workload.stop();
  const made = Number(workload.stdout);
  await sleep(1100); // a scrape shares what is younger than a second
  const counted = (await host.scrape()).sum('values_calls_total', values.label);
  const [longest, missed] = [Math.max(...gaps), made - counted];
  console.log(`20 reloads: ${missed} of ${made} calls fell into the gaps; the longest was ${(longest * 1e6).toFixed(0)} µs`);
  expect(counted).toBeLessThanOrEqual(made);
  expect(longest).toBeLessThan(0.01);
  const { maps } = await host.probe('values');
  expect(maps.find(({ name }) => name === 'keyed')?.maxEntries).toBe(119);
});
