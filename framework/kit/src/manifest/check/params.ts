// SPDX-License-Identifier: Apache-2.0
import type { Manifest, Param } from '../generated/types.ts';
import { paramValue } from '../params.ts';
import type { Findings } from './findings.ts';

export function checkParams({ params = {} }: Manifest, findings: Findings): void {
  for (const [name, param] of Object.entries(params)) {
    const report = (problem: string, key?: string): void =>
      findings.add('SONDE_MANIFEST_PARAM', { param: name, problem }, ['params', name, ...(key ? [key] : [])]);

    if ((param.live === undefined) === (param.load === undefined))
      report("exactly one of 'live' and 'load' must be given");
    if (/^(attach|decoder|map\..*)$/.test(param.live ?? '')) report("only 'load' can name this", 'live');
    if ((param.type === 'enum') !== (param.values !== undefined))
      report("'values' belongs to the type enum, and only to it");
    if (param.scale !== undefined && param.type !== 'number') report("'scale' belongs to the type number", 'scale');
    checkBounds(param, report);
  }
}

function checkBounds(param: Param, report: (problem: string, key: string) => void): void {
  const { minimum, maximum, ...unbounded } = param;
  const bounds = { minimum, maximum };
  const isOrdered = !['boolean', 'string', 'enum'].includes(param.type);
  for (const [key, bound] of Object.entries(bounds)) {
    if (bound === undefined) continue;
    const { value, rule } = paramValue(unbounded, bound);
    if (!isOrdered) report(`the type ${param.type} has no ${key}`, key);
    else if (value === undefined) report(`${key} cannot be ${bound}: ${rule}`, key);
  }
  const { value, rule } = paramValue(param, param.default);
  if (value === undefined) report(`default cannot be ${String(param.default)}: ${rule}`, 'default');
}
