// SPDX-License-Identifier: Apache-2.0
import type { Identity, Labels } from '../identity/types.ts';
import type { TargetMatch, TargetRules } from './types.ts';

/** A rule by its list and its place there. */
export interface RuleReference {
  list: 'include' | 'exclude';
  index: number;
}

/** A process and whether a probe watches it. */
export interface ReportedProcess {
  pid: number;
  watched: boolean;
  /** Absent where no rule matches: it is watched because nothing must match, or not because something must. */
  rule?: RuleReference;
  /** The rule matches its cgroup or one above: the kernel tells. */
  byCgroup?: boolean;
  /** The rule matches an ancestor and goes for its children. */
  inherited?: boolean;
  executable?: string;
  container?: string;
  pod?: string;
}

export interface ReportedCgroup {
  path: string;
  rule: RuleReference;
}

/** Who is matched, and by which rule. */
export interface TargetReport {
  probe: string;
  rules: TargetRules;
  /** The processes that a rule matches, or all if there are no rules. */
  processes: ReportedProcess[];
  /** The cgroups that a rule matches, with or without processes. */
  cgroups: ReportedCgroup[];
}

/** Says of each living process whether it is watched under these rules, given what they match. */
export function targetReport(probe: string, rules: TargetRules, matches: readonly TargetMatch[], identity: Identity): TargetReport {
  const byProcess = new Map<number, TargetMatch>();
  const byPath = new Map<string, TargetMatch>();
  for (const match of matches) {
    // an exclude comes after the include of the same process or cgroup, and wins as it does in the kernel
    if (match.process !== undefined) byProcess.set(match.process, match);
    if (match.cgroup !== undefined) byPath.set(match.cgroup.path, match);
  }
  const isSelective = (rules.include ?? []).length > 0;
  const processes: ReportedProcess[] = [];
  for (const id of identity.live()) {
    const facts = identity.facts(id)!;
    const path = facts.cgroup === undefined ? undefined : identity.cgroupPath(facts.cgroup);
    const own = byProcess.get(id);
    const above = path === undefined ? undefined : decisive(upwards(path).flatMap((each) => byPath.get(each) ?? []));
    const match = decisive([own, above].filter((each) => each !== undefined));
    if (match === undefined && (isSelective || matches.length > 0)) continue;
    processes.push({
      pid: facts.pid,
      watched: match === undefined ? !isSelective : match.decision === 'include',
      ...(match && { rule: ruleOf(match) }),
      ...(match && match === above && { byCgroup: true }),
      ...(match?.inherited && { inherited: true }),
      ...shown(identity.labels(id)),
    });
  }
  const cgroups = matches.flatMap((match) => (match.cgroup ? [{ path: match.cgroup.path, rule: ruleOf(match) }] : []));
  return { probe, rules, processes, cgroups };
}

function ruleOf({ decision: list, rule: index }: TargetMatch): RuleReference {
  return { list, index };
}

function decisive(matches: readonly TargetMatch[]): TargetMatch | undefined {
  return matches.find(({ decision }) => decision === 'exclude') ?? matches[0];
}

function upwards(path: string): string[] {
  const paths = ['/'];
  for (let above = path; above !== '' && above !== '/'; above = above.slice(0, above.lastIndexOf('/'))) paths.unshift(above);
  return paths;
}

function shown(labels: Labels): Pick<ReportedProcess, 'executable' | 'container' | 'pod'> {
  const text = (name: string) => labels.get(name)?.toString();
  const [executable, title] = [text('process.executable.path'), text('process.title')];
  const container = text('container.name') ?? text('container.id')?.slice(0, 12);
  const [namespace, pod] = [text('k8s.namespace.name'), text('k8s.pod.name')];
  return {
    ...((executable ?? title) && { executable: executable ?? `[${title}]` }),
    ...(container && { container }),
    ...(pod && { pod: `${namespace}/${pod}` }),
  };
}
