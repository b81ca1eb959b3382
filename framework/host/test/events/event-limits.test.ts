// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { EventLimits, type EventRecord } from '../../src/events/index.ts';

function event(more: Partial<EventRecord> = {}): EventRecord {
  return {
    probe: 'sample',
    name: 'sample.slow',
    time: 0,
    severity: 'warn',
    identity: 1,
    attributes: {},
    weight: 1,
    ...more,
  };
}

/** How many of `count` events pass, `every` so many milliseconds one. */
function passing(limits: EventLimits, count: number, from: number, every: number): number {
  return Array.from({ length: count }, (_, i) => limits.check(event(), from + i * every)).filter(
    (held) => held === undefined,
  ).length;
}

test('a rate limit lets a burst pass, and then so many a second', () => {
  const limits = new EventLimits({ 'sample.slow': { rateLimit: { perSecond: 100, burst: 20 } } });
  expect(passing(limits, 1000, 1000, 0)).toBe(20);
  expect(passing(limits, 10_001, 1000, 1)).toBe(1000);
  expect(passing(limits, 5, 60_000, 100)).toBe(5);
  expect(limits.check(event({ name: 'sample.other' }), 60_000)).toBeUndefined();
});

test('without a burst, as many may come at once as in a second, and at least one', () => {
  expect(passing(new EventLimits({ 'sample.slow': { rateLimit: { perSecond: 50 } } }), 100, 1000, 0)).toBe(50);
  expect(passing(new EventLimits({ 'sample.slow': { rateLimit: { perSecond: 0.1 } } }), 21, 10_000, 1000)).toBe(3);
});

test('equal events of one process are held back for a while after one has passed', () => {
  const limits = new EventLimits({ 'sample.slow': { deduplicate: { by: ['file'], within: '10s' } } });
  const of = (file: string, identity = 1): EventRecord =>
    event({ identity, attributes: { file, size: Math.random() } });
  expect(limits.check(of('a'), 0)).toBeUndefined();
  expect(limits.check(of('a'), 9_999)).toBe('duplicate');
  expect(limits.check(of('b'), 9_999)).toBeUndefined();
  expect(limits.check(of('a', 2), 9_999)).toBeUndefined();
  expect(limits.check(of('a'), 10_000)).toBeUndefined();
  expect(limits.check(of('a'), 19_999)).toBe('duplicate');
});

test('an event that the rate holds back does not hold back the next one like it', () => {
  const limits = new EventLimits({
    'sample.slow': { deduplicate: { by: ['file'], within: '10s' }, rateLimit: { perSecond: 1, burst: 1 } },
  });
  expect(limits.check(event({ attributes: { file: 'a' } }), 0)).toBeUndefined();
  expect(limits.check(event({ attributes: { file: 'b' } }), 1)).toBe('rate_limited');
  expect(limits.check(event({ attributes: { file: 'b' } }), 1001)).toBeUndefined();
});

test('only what can happen is declared as a loss', () => {
  expect(new EventLimits().causes).toEqual([]);
  expect(new EventLimits({ a: { rateLimit: { perSecond: 1 } }, b: {} }).causes).toEqual(['rate_limited']);
  expect(new EventLimits({ a: { deduplicate: { by: [], within: '1s' } } }).causes).toEqual(['duplicate']);
});
