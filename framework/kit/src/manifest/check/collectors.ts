// SPDX-License-Identifier: Apache-2.0
import { quoteNames, nearest } from '../../input/index.ts';
import { attachParams, fillAttach, parametrisedTypes, parseAttach } from '../attach.ts';
import type { Alternative, Manifest, Metric, Task } from '../generated/types.ts';
import { alternatives, type At, type Findings } from './findings.ts';

export function checkCollectors(manifest: Manifest, findings: Findings): void {
  for (const { task, name, at } of tasks(manifest)) {
    checkShape(task, name, at, findings);
    for (const { alternative, at: place } of taskAlternatives(task, at))
      checkAttach(manifest, alternative, place, findings);
  }
}

/** Checks the collector that a metric or a span belongs to. */
export function checkCollectorOf({ collectors }: Manifest, { collector }: Pick<Metric, 'collector'>, at: At, findings: Findings): void {
  if (collector === undefined || collector in collectors) return;
  const values = { what: 'collector', name: collector, ...alternatives(collector, Object.keys(collectors)) };
  findings.add('SONDE_MANIFEST_REFERENCE', values, [...at, 'collector']);
}

/** All tasks of all collectors. */
export function tasks({ collectors }: Manifest): { task: Task; name: string; at: At }[] {
  return Object.entries(collectors).flatMap(([collector, { programs = {} }]) =>
    Object.entries(programs).map(([name, task]) => ({ task, name, at: ['collectors', collector, 'programs', name] })),
  );
}

/** The ways to do a task, best first. */
export function taskAlternatives(task: Task, at: At): { alternative: Alternative; at: At }[] {
  if (task.any) return task.any.map((alternative, index) => ({ alternative, at: [...at, 'any', index] }));
  const { program, attach, pid } = task;
  if (program === undefined) return [];
  return [{ alternative: { program, ...(attach && { attach }), ...(pid && { pid }) }, at }];
}

function checkShape(task: Task, name: string, at: At, findings: Findings): void {
  const report = (problem: string): void => findings.add('SONDE_MANIFEST_TASK', { task: name, problem }, at);
  if ((task.program === undefined) === (task.any === undefined))
    report("exactly one of 'program' and 'any' must be given");
  else if (task.any && (task.attach ?? task.pid) !== undefined)
    report("with 'any', 'attach' and 'pid' belong to the alternatives");
}

function checkAttach(manifest: Manifest, { attach, pid }: Alternative, at: At, findings: Findings): void {
  if (typeof pid === 'string') checkAttachParams(manifest, pid, [...at, 'pid'], findings);
  if (attach === undefined) return;
  const place = [...at, 'attach'];
  if (!checkAttachParams(manifest, attach, place, findings)) return;

  const type = attach.split('/', 1)[0] ?? '';
  const problem = parseAttach(fillAttach(attach, defaults(manifest)));
  if ('rule' in problem) {
    const near = problem.types ? nearest(type, problem.types).map((name) => `${name}/…`) : [];
    findings.add('SONDE_MANIFEST_ATTACH', { attach, rule: problem.rule, nearest: quoteNames(near) }, place);
  } else if (attachParams(attach).length > 0 && !parametrisedTypes.includes(type)) {
    const rule = `params may stand only in ${quoteNames(parametrisedTypes, 'and')}`;
    findings.add('SONDE_MANIFEST_ATTACH', { attach, rule }, place);
  } else if (pid !== undefined && !['uprobe', 'uretprobe', 'usdt'].includes(type)) {
    findings.add('SONDE_MANIFEST_ATTACH', { attach, rule: "only uprobe, uretprobe and usdt have a 'pid'" }, place);
  }
}

/** Whether all params that stand in an attach string are declared, with `load: attach`. */
function checkAttachParams({ params = {} }: Manifest, text: string, at: At, findings: Findings): boolean {
  const known = Object.keys(params).filter((name) => params[name]?.load === 'attach');
  const unknown = attachParams(text).filter((name) => !known.includes(name));
  for (const name of unknown) {
    const values = { what: "param with 'load: attach'", name, ...alternatives(name, known) };
    findings.add('SONDE_MANIFEST_REFERENCE', values, at);
  }
  return unknown.length === 0;
}

function defaults({ params = {} }: Manifest): Record<string, boolean | number | string> {
  return Object.fromEntries(Object.entries(params).map(([name, param]) => [name, param.default]));
}
