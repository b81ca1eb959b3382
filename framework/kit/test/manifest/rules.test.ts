// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { parseThreshold } from '../../src/index.ts';
import { goodManifest, problemsOf } from './problems-of.ts';

const withRule = (rule: string): string => `${goodManifest}rules:\n  sample.alarm: ${rule}\n`;

describe('a bound is read in the unit of the metric', () => {
  test.each([
    ['> 200ms', 's', false, '>', 0.2],
    ['>= 1m30s', 's', false, '>=', 90],
    ['< 2.5', 's', false, '<', 2.5],
    ['<= 64MiB', 'By', false, '<=', 64 * 2 ** 20],
    ['> 10MB/s', 'By', true, '>', 1e7],
    ['> 600/min', '{request}', true, '>', 10],
    ['> 600', '{request}', true, '>', 600],
    ['< 5%', '1', false, '<', 0.05],
    ['> -3', '{thread}', false, '>', -3],
  ])('%s of %s', (text, unit, isRate, comparison, value) => {
    expect(parseThreshold(text, unit, isRate)).toEqual({ comparison, value });
  });

  test.each([
    ['> 200ms', 'By', false],
    ['> 1GiB', 's', false],
    ['> 5%', 's', false],
    ['> 10/s', '{request}', false],
    ['> 10/week', '{request}', true],
    ['200ms', 's', false],
    ['> soon', 's', false],
  ])('%s is no bound for %s', (text, unit, isRate) => {
    expect(parseThreshold(text, unit, isRate)).toBeUndefined();
  });
});

test.each([
  ['{ metric: sample.calls, when: "> 100/s", until: "< 50/s", for: 30s, cooldown: 5m }'],
  ['{ metric: sample.duration, statistic: p99, when: "> 200ms", match: { process.executable.name: postgres } }'],
  ['{ metric: sample.size, when: "> 1MiB", enabled: false }'],
])('a manifest may have the rule %s', (rule) => {
  expect(problemsOf(withRule(rule))).toEqual([]);
});

test.each([
  [
    'a metric that nobody declares',
    '{ metric: sample.call, when: "> 1" }',
    "/rules/sample.alarm/metric: there is no metric 'sample.call' in this manifest [SONDE_MANIFEST_REFERENCE]",
  ],
  [
    'a histogram without a statistic',
    '{ metric: sample.duration, when: "> 1s" }',
    "/rules/sample.alarm/statistic: a rule without 'statistic' is not allowed: of a histogram it is one of p50, p90, p99, mean [SONDE_INPUT_VALUE]",
  ],
  [
    'a bound of another unit',
    '{ metric: sample.size, when: "> 200ms" }',
    "/rules/sample.alarm/when: > 200ms is not allowed: '> 200ms' is no bound for sample.size, which is in By [SONDE_INPUT_VALUE]",
  ],
  [
    'a time that is none',
    '{ metric: sample.size, when: "> 1MiB", for: long }',
    "/rules/sample.alarm/for: long is not allowed: 'long' is no length of time [SONDE_INPUT_VALUE]",
  ],
])('a rule may not have %s', (_, rule, problem) => {
  expect(problemsOf(withRule(rule))).toEqual([problem]);
});

test.each([
  [
    'an attribute that the event lacks',
    'deduplicate: { by: [sample.port], within: 10s }',
    "/events/sample.slow/deduplicate/by/0: there is no attribute of this event 'sample.port' in this manifest [SONDE_MANIFEST_REFERENCE]",
  ],
  [
    'a time that is none',
    'deduplicate: { by: [sample.kind], within: ever }',
    "/events/sample.slow/deduplicate/within: 'ever' is not allowed: it is a length of time, such as `10s` [SONDE_INPUT_VALUE]",
  ],
  ['no rate', 'rateLimit: { perSecond: 0 }', undefined],
])('the limits of an event may not have %s', (_, limits, problem) => {
  const problems = problemsOf(`${goodManifest}    ${limits}\n`);
  expect(problems).toEqual(
    problem === undefined ? [expect.stringContaining('/events/sample.slow/rateLimit/perSecond')] : [problem],
  );
});
