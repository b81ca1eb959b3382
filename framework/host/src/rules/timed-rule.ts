// SPDX-License-Identifier: Apache-2.0
import {
  parseDuration,
  parseThreshold,
  ruleDurationProblem,
  ruleProblem,
  statisticOf,
  type Rule,
  type Statistic,
  type Threshold,
} from '@sonde/kit';
import type { MetricDefinition } from '../series/types.ts';
import { compilePattern, type Pattern } from '../targets/pattern.ts';

const DEFAULT_WINDOW = '1m';

/** A rule whose times and patterns were read. */
export interface TimedRule {
  /** Name of its events. */
  readonly name: string;
  readonly rule: Rule;
  /** Milliseconds. */
  readonly for: number;
  readonly window: number;
  readonly cooldown: number;
  readonly match: readonly (readonly [label: string, pattern: Pattern])[];
}

/** What a rule compares of one metric, and with what, in the metric's unit. */
export interface Bound {
  readonly statistic: Statistic;
  readonly when: Threshold;
  readonly until: Threshold | undefined;
}

/** @returns why it cannot be, in words that follow the name of the rule */
export function timedRule(name: string, rule: Partial<Rule>): TimedRule | string {
  if (rule.metric === undefined || rule.when === undefined) return "needs 'metric' and 'when'";
  const problem = ruleDurationProblem(rule);
  if (problem) return `'${problem.key}': ${problem.rule}`;
  try {
    return {
      name,
      rule: rule as Rule,
      for: milliseconds(rule.for ?? '0'),
      window: milliseconds(rule.window ?? DEFAULT_WINDOW),
      cooldown: milliseconds(rule.cooldown ?? '0'),
      match: Object.entries(rule.match ?? {}).map(([label, pattern]) => [label, compilePattern(pattern)] as const),
    };
  } catch (error) {
    return `'match': ${(error as Error).message}`;
  }
}

/** Reads a rule in the unit of its metric. @returns why it cannot be, in words that follow the name of the rule */
export function boundOf({ rule }: TimedRule, { type, unit }: MetricDefinition): Bound | string {
  const problem = ruleProblem(rule, { type, unit });
  if (problem) return `'${problem.key}': ${problem.rule}`;
  const statistic = statisticOf(rule, type)!;
  const read = (text: string): Threshold => parseThreshold(text, unit, statistic === 'rate')!;
  return { statistic, when: read(rule.when), until: rule.until === undefined ? undefined : read(rule.until) };
}

export function holds({ comparison, value: bound }: Threshold, value: number): boolean {
  if (comparison === '>') return value > bound;
  if (comparison === '>=') return value >= bound;
  if (comparison === '<') return value < bound;
  return value <= bound;
}

function milliseconds(text: string): number {
  return parseDuration(text)! / 1e6;
}
