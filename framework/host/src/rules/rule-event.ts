// SPDX-License-Identifier: Apache-2.0
import type { AttributeValue } from '@sonde/kit/decoder';
import type { EventRecord } from '../events/index.ts';
import type { Labels } from '../identity/types.ts';
import type { MetricDefinition } from '../series/types.ts';
import { humanValue } from './human-value.ts';
import type { Bound, TimedRule } from './timed-rule.ts';
import type { Verdict } from './watched-table.ts';

/** What a rule says of a series, as an event of the probe whose series it is. */
export function ruleEvent(
  { name, rule }: TimedRule,
  { statistic }: Bound,
  { name: metric, unit }: MetricDefinition,
  probe: string,
  { state, labels, value, identity }: Verdict,
  labelsOf: (identity: number) => Labels,
): EventRecord {
  // a series that is folded from several processes is nobody's
  const owner = labels.names.includes('process.pid') ? identity : 0;
  const subject = statistic === 'value' ? metric : `${statistic} of ${metric}`;
  const now = Number.isNaN(value) ? 'has no value any more' : `is ${humanValue(value, unit, statistic === 'rate')}`;
  return {
    probe,
    name,
    time: Date.now() * 1e6,
    severity: state === 'firing' ? (rule.severity ?? 'warn') : 'info',
    body: `${state}: ${subject} ${now} (${rule.when}${rule.for === undefined ? '' : ` for ${rule.for}`})`,
    identity: owner,
    attributes: {
      ...ownLabels(labels, labelsOf(owner)),
      'sonde.rule.state': state,
      'sonde.rule.metric': metric,
      'sonde.rule.statistic': statistic,
      'sonde.rule.when': rule.when,
      ...(Number.isNaN(value) ? {} : { 'sonde.rule.value': value }),
    },
    weight: 1,
  };
}

/** The series' labels, without those that every record about the process, or the node, carries anyway. */
function ownLabels({ names, values }: Verdict['labels'], carried: Labels): Record<string, AttributeValue> {
  const pairs = names.map((name, i) => [name, values[i]!] as const);
  return Object.fromEntries(pairs.filter(([name, value]) => value !== '' && carried.get(name) !== value));
}
