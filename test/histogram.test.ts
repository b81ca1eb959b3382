// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { run } from './harness/child.ts';
import { startHost } from './harness/host.ts';
import { fixturePackage } from './harness/paths.ts';
import { compile } from './harness/workload.ts';

/** 0, 1, 2^k and 2^k ± 1 up to 2^40, and 10^12 nanoseconds; each with a count of its own. */
const observed = [0n, 1n, ...Array.from({ length: 40 }, (_, k) => 2n ** BigInt(k + 1)).flatMap((power) => [power - 1n, power, power + 1n]), 10n ** 12n]
  .filter((value, index, all) => all.indexOf(value) === index)
  .map((nanoseconds, index) => ({ nanoseconds, count: index + 1 }));

/** Whether a duration is at most 2^(quarters / 4) seconds, exactly: compared in fourth powers. */
function isAtMost(nanoseconds: bigint, quarters: number): boolean {
  const [left, right] = [nanoseconds ** 4n, (10n ** 9n) ** 4n];
  return quarters < 0 ? left * 2n ** BigInt(-quarters) <= right : left <= right * 2n ** BigInt(quarters);
}

const [lowest, highest] = [-80, 24]; // 2^-20 s and 2^6 s, in quarters of a power of two

/** How many observations satisfy a condition. */
function counted(condition: (nanoseconds: bigint) => boolean): number {
  return observed.reduce((total, { nanoseconds, count }) => total + (condition(nanoseconds) ? count : 0), 0);
}

const total = counted(() => true);
const sum = Number(observed.reduce((all, { nanoseconds, count }) => all + nanoseconds * BigInt(count), 0n)) / 1e9;

test('a histogram agrees slot by slot with exact arithmetic, in classic text and in native form', async () => {
  const values = await compile('workloads/values.c', { name: 'values-histogram' });
  await using host = await startHost({ probes: { values: { package: fixturePackage('values') } } });
  await run(values.path, observed.flatMap(({ nanoseconds, count }) => [String(count), String(nanoseconds)]));
  const { label } = values;
  const scrape = await host.scrapeUntil('all observations', (seen) => seen.sum('values_calls_total', label) >= total);

  const classic = scrape.histogram('values_duration_seconds', label);
  expect(classic.count).toBe(total);
  expect(classic.sum / sum).toBeCloseTo(1, 12);
  expect(classic.buckets.get('+Inf')).toBe(total);
  const edges = [...classic.buckets.keys()].filter((edge) => edge !== '+Inf').map(Number);
  expect(edges).toEqual(Array.from({ length: 27 }, (_, i) => 2 ** (i - 20)));
  for (const [edge, cumulative] of classic.buckets) {
    if (edge === '+Inf') continue;
    const quarters = 4 * Math.log2(Number(edge));
    expect(cumulative, `le="${edge}"`).toBe(counted((nanoseconds) => isAtMost(nanoseconds, quarters)));
  }

  const family = (await host.scrapeProtobuf()).get('values_duration_seconds');
  const native = family?.metrics.find(({ labels }) => labels.process_executable_name === label.process_executable_name)?.histogram;
  expect(native).toMatchObject({ schema: 2, count: total, zeroThreshold: 2 ** -20 });
  expect(native!.sum / sum).toBeCloseTo(1, 12);
  expect(native!.zeroCount).toBe(counted((nanoseconds) => isAtMost(nanoseconds, lowest)));
  const expected = new Map<number, number>();
  for (let index = lowest + 1; index <= highest; index++) {
    const inSlot = counted((nanoseconds) => isAtMost(nanoseconds, index) && !isAtMost(nanoseconds, index - 1));
    if (inSlot > 0) expected.set(index, inSlot);
  }
  expected.set(highest + 1, counted((nanoseconds) => !isAtMost(nanoseconds, highest)));
  expect(native!.buckets).toEqual(expected);
});
