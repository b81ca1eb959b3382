// SPDX-License-Identifier: Apache-2.0
import { parse } from 'yaml';
import type { ReportedProcess, RuleReference, TargetReport } from '../../targets/report.ts';
import { expectArguments, usageError } from '../arguments.ts';
import { probePath } from '../client.ts';
import type { Command } from '../command.ts';
import { paint, table } from '../output.ts';

export const command: Command = {
  usage: 'targets <probe> [--dry-run <rules>]',
  help:
    'Lists the processes and cgroups that the target rules of a probe match now, and by which rule; all processes if it ' +
    'has no rules. With --dry-run, who other rules would match: nothing changes.',
  options: { 'dry-run': { value: 'rules', help: 'Rules to try, written as in sonde.yaml' } },
  examples: [
    ['sonde targets tcp', 'who the probe tcp watches, and why'],
    ["sonde targets tcp --dry-run '{ include: [ { podNamespace: [shop] } ] }'", 'who it would watch'],
    ["sonde targets tcp --json | jq '[.processes[] | select(.watched).pid]'", 'the pids that it watches'],
  ],
  async run({ args, options, client, output }) {
    expectArguments(args, ['<probe>'], 'sonde targets');
    const rules = options['dry-run'] as string | undefined;
    const path = `${probePath(args[0]!)}/targets`;
    const report = rules === undefined ? await client.send<TargetReport>('GET', path) : await client.send<TargetReport>('POST', path, read(rules));
    output.show(report, () => render(report));
  },
};

function read(rules: string): object {
  try {
    return (parse(rules) ?? {}) as object;
  } catch (cause) {
    throw usageError(`the rules are no YAML: ${(cause as Error).message}`, 'sonde targets');
  }
}

function render({ processes, cgroups, rules }: TargetReport): string {
  const count = (rules.include ?? []).length + (rules.exclude ?? []).length;
  const watched = processes.filter((process) => process.watched).length;
  const summary = count === 0 ? `No rules: all ${watched} processes are watched.` : `${watched} processes are watched by rule.`;
  return [summary, processTable(processes), cgroupTable(cgroups)].filter(Boolean).join('\n\n');
}

function processTable(processes: readonly ReportedProcess[]): string {
  if (processes.length === 0) return '';
  return table(processes, [
    { title: 'PID', cell: ({ pid }) => String(pid), align: 'right' },
    { title: 'WATCHED', cell: ({ watched }) => (watched ? 'yes' : 'no'), style: ({ watched }) => (watched ? 'green' : 'yellow') },
    { title: 'RULE', cell: reasonOf },
    { title: 'CONTAINER', cell: ({ container }) => container ?? '-' },
    { title: 'POD', cell: ({ pod }) => pod ?? '-' },
    { title: 'EXECUTABLE', cell: ({ executable }) => executable ?? '-' },
  ]);
}

function cgroupTable(cgroups: TargetReport['cgroups']): string {
  if (cgroups.length === 0) return '';
  return [
    paint('bold', 'Cgroups, with all that is below'),
    table(cgroups, [
      { title: 'RULE', cell: ({ rule }) => nameOf(rule) },
      { title: 'PATH', cell: ({ path }) => path },
    ]),
  ].join('\n');
}

function reasonOf({ rule, byCgroup, inherited }: ReportedProcess): string {
  if (rule === undefined) return '-';
  return `${nameOf(rule)}${byCgroup ? ' (cgroup)' : inherited ? ' (ancestor)' : ''}`;
}

function nameOf({ list, index }: RuleReference): string {
  return `${list}[${index}]`;
}
