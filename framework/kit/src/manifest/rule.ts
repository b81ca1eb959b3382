// SPDX-License-Identifier: Apache-2.0
import type { Metric, Rule } from './generated/types.ts';
import { parseThreshold } from './threshold.ts';
import { parseDuration } from './units.ts';

export type Statistic = NonNullable<Rule['statistic']>;

/** The key of a rule that is not as it must be, and what it must be. */
export interface RuleProblem {
  key: 'statistic' | 'when' | 'until' | 'for' | 'window' | 'cooldown';
  rule: string;
}

/** What can be compared of each type of metric; the first is what is meant if a rule does not say. */
const statistics: Record<Metric['type'], readonly Statistic[]> = {
  gauge: ['value'],
  updowncounter: ['value'],
  counter: ['rate'],
  histogram: ['p50', 'p90', 'p99', 'mean'],
};

/** What a rule compares of a metric: undefined if the metric has no such statistic, or a histogram's is not given. */
export function statisticOf({ statistic }: Pick<Rule, 'statistic'>, type: Metric['type']): Statistic | undefined {
  const known = statistics[type];
  if (statistic === undefined) return type === 'histogram' ? undefined : known[0];
  return known.find((name) => name === statistic);
}

/** Why a rule does not fit its metric, with the key of the part that does not; undefined if it does. */
export function ruleProblem(rule: Rule, { type, unit }: Pick<Metric, 'type' | 'unit'>): RuleProblem | undefined {
  const statistic = statisticOf(rule, type);
  if (statistic === undefined)
    return { key: 'statistic', rule: `of a ${type} it is one of ${statistics[type].join(', ')}` };
  for (const key of ['when', 'until'] as const) {
    const text = rule[key];
    if (text === undefined || parseThreshold(text, unit, statistic === 'rate')) continue;
    return { key, rule: `'${text}' is no bound for ${rule.metric}, which is in ${unit === '' ? 'no unit' : unit}` };
  }
  return undefined;
}

/** Why durations of a rule cannot be read. */
export function ruleDurationProblem(rule: Pick<Rule, 'for' | 'window' | 'cooldown'>): RuleProblem | undefined {
  for (const key of ['for', 'window', 'cooldown'] as const) {
    const text = rule[key];
    if (text !== undefined && parseDuration(text) === undefined) return { key, rule: `'${text}' is no length of time` };
  }
  return undefined;
}
