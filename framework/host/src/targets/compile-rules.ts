// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import type { CgroupId, ProcessFacts } from '../identity/types.ts';
import { matchesUpwards } from './selectors.ts';
import type { CgroupSelectorKind, PathMatcher, ProcessMatcher, SelectorKind, TargetMode, TargetRule, TargetRules } from './types.ts';

/** A rule ready to be asked. It names either cgroups, which the kernel resolves, or processes. */
export interface CompiledRule {
  /** The rule is about nothing but the cgroup. */
  readonly cgroup?: PathMatcher;
  readonly process?: ProcessMatcher;
  readonly children: boolean;
  /** The rule as text: equal rules are the same rule. */
  readonly text: string;
}

/** What rules may name. */
export interface Selectors {
  readonly process: ReadonlyMap<string, SelectorKind>;
  readonly cgroup: ReadonlyMap<string, CgroupSelectorKind>;
}

export interface CompiledRules {
  readonly include: readonly CompiledRule[];
  readonly exclude: readonly CompiledRule[];
}

const SELECTED = 1;
const EXCLUDES = 2;
const CGROUPS = 4;

export const noRules: CompiledRules = { include: [], exclude: [] };

/**
 * @param cgroupPath path of a cgroup, for rules that ask of a process both its cgroup and something else
 * @throws SONDE_TARGET_PATTERN, SONDE_TARGET_SELECTOR, with a JSON pointer within the rules
 */
export function compileRules(
  rules: TargetRules,
  selectors: Selectors,
  cgroupPath: (cgroup: CgroupId) => string | undefined,
): CompiledRules {
  const compileAll = (key: 'include' | 'exclude') =>
    (rules[key] ?? []).map((rule, i) => compileRule(rule, `/${key}/${i}`, selectors, cgroupPath));
  return { include: compileAll('include'), exclude: compileAll('exclude') };
}

export function modeOf({ include, exclude }: CompiledRules): TargetMode {
  const isByCgroup = [...include, ...exclude].some((rule) => rule.cgroup !== undefined);
  return (include.length > 0 ? SELECTED : 0) | (exclude.length > 0 ? EXCLUDES : 0) | (isByCgroup ? CGROUPS : 0);
}

function compileRule(
  rule: TargetRule,
  pointer: string,
  selectors: Selectors,
  cgroupPath: (cgroup: CgroupId) => string | undefined,
): CompiledRule {
  const paths: PathMatcher[] = [];
  const processes: ProcessMatcher[] = [];
  for (const [name, values] of Object.entries(rule)) {
    if (name === 'children' || values === undefined) continue;
    const ofCgroup = selectors.cgroup.get(name);
    const ofProcess = selectors.process.get(name);
    if (ofCgroup !== undefined) paths.push(compileSelector(name, values, pointer, (list) => ofCgroup.compile(list)));
    else if (ofProcess !== undefined) processes.push(compileSelector(name, values, pointer, (list) => ofProcess.compile(list)));
    else throw unknownSelector(name, pointer, selectors);
  }
  const rest = { children: rule.children === true, text: JSON.stringify(rule) };
  if (processes.length === 0 && paths.length > 0) return { cgroup: (path) => paths.every((matches) => matches(path)), ...rest };
  const upwards = paths.map(matchesUpwards);
  const inCgroup = ({ cgroup }: ProcessFacts) => {
    const path = cgroup === undefined ? undefined : cgroupPath(cgroup);
    return path !== undefined && upwards.every((matches) => matches(path));
  };
  if (upwards.length > 0) processes.push(inCgroup);
  return { process: (facts, labels) => processes.every((matches) => matches(facts, labels)), ...rest };
}

function compileSelector<T>(name: string, values: unknown, pointer: string, compile: (values: readonly unknown[]) => T): T {
  const list = Array.isArray(values) ? values : [values];
  for (const [i, value] of list.entries()) {
    try {
      compile([value]);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const place = { pointer: `${pointer}/${name}/${i}` };
      throw sondeError('SONDE_TARGET_PATTERN', { pattern: String(value), selector: name, reason: error.message }, { place });
    }
  }
  return compile(list);
}

function unknownSelector(selector: string, pointer: string, selectors: Selectors): Error {
  const known = [...selectors.process.keys(), ...selectors.cgroup.keys()].join(', ');
  return sondeError('SONDE_TARGET_SELECTOR', { selector, known }, { place: { pointer: `${pointer}/${selector}` } });
}
