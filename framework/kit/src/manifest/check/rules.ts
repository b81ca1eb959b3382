// SPDX-License-Identifier: Apache-2.0
import type { Manifest, Metric } from '../generated/types.ts';
import { ruleDurationProblem, ruleProblem } from '../rule.ts';
import { alternatives, type Findings } from './findings.ts';

export function checkRules(manifest: Manifest, findings: Findings): void {
  const metrics: Record<string, Metric> = Object.assign(
    {},
    ...Object.values(manifest.entities ?? {}).map((entity) => entity.metrics),
  );
  for (const [name, rule] of Object.entries(manifest.rules ?? {})) {
    const at = ['rules', name];
    const metric = metrics[rule.metric];
    if (metric === undefined) {
      const values = { what: 'metric', name: rule.metric, ...alternatives(rule.metric, Object.keys(metrics)) };
      findings.add('SONDE_MANIFEST_REFERENCE', values, [...at, 'metric']);
    }
    const problem = ruleDurationProblem(rule) ?? (metric && ruleProblem(rule, metric));
    if (problem) {
      const found = rule[problem.key] ?? `a rule without '${problem.key}'`;
      findings.add('SONDE_INPUT_VALUE', { found, rule: problem.rule }, [...at, problem.key]);
    }
  }
}
