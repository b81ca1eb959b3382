// SPDX-License-Identifier: Apache-2.0
import type { MapStatus, ProbeStatus, ProgramStatus } from '../../probes/types.ts';
import { expectArguments } from '../arguments.ts';
import type { Command } from '../command.ts';
import { probePath } from '../client.ts';
import { ago, bytes, paint, table } from '../output.ts';
import { stateStyle } from '../probe-view.ts';

export const command: Command = {
  usage: 'show <probe>',
  help:
    'Shows one probe: its state and why, every setting with where it came from (the manifest: default; ' +
    'sonde.yaml: file; a command: overlay), its programs with the hook that was chosen or the reason why there is ' +
    'none, its maps, and what was lost.',
  examples: [
    ['sonde show tcp', 'everything about the probe tcp'],
    [
      'sonde show tcp --json | jq \'.programs[] | select(.state == "missing")\'',
      'the programs that this kernel has no hook for',
    ],
  ],
  async run({ args, client, output }) {
    expectArguments(args, ['<probe>'], 'sonde show');
    const probe = await client.send<ProbeStatus>('GET', probePath(args[0]!));
    output.show(probe, () =>
      [summary(probe), settings(probe), programs(probe), maps(probe), loss(probe)].filter(Boolean).join('\n\n'),
    );
  },
};

function summary(probe: ProbeStatus): string {
  const { name, description, state, since, version, series, cpu, error, warnings } = probe;
  const problem = error
    ? [
        paint('red', `${error.message} [${error.code}]`),
        ...[error.place, error.hint].filter(Boolean).map((line) => `  ${line}`),
      ]
    : [];
  return [
    `${paint('bold', name)}  ${description}`,
    `${paint(stateStyle(probe), state)} for ${ago(since)}, package ${probe.package} ${version}`.trimEnd(),
    `${series} series${cpu === undefined ? '' : `, about ${(cpu * 100).toFixed(2)} % of one CPU`}`,
    ...problem,
    ...warnings.map((warning) => paint('yellow', warning)),
  ].join('\n');
}

function settings({ desired, origins }: ProbeStatus): string {
  const rows = [
    ['enabled', desired.enabled, '/enabled'],
    ...Object.entries(desired.collectors).map(([name, isOn]) => [`collectors.${name}`, isOn, `/collectors/${name}`]),
    ...Object.entries(desired.params).map(([name, value]) => [`params.${name}`, value, `/params/${name}`]),
    ['targets', Object.keys(desired.targets).length > 0 ? JSON.stringify(desired.targets) : 'everything', '/targets'],
  ] as [string, unknown, string][];
  return table(rows, [
    { title: 'SETTING', cell: ([name]) => name },
    { title: 'VALUE', cell: ([, value]) => String(value) },
    { title: 'FROM', cell: ([, , pointer]) => origins[pointer] ?? 'default' },
  ]);
}

function programs({ programs: rows }: ProbeStatus): string {
  if (rows.length === 0) return '';
  return table(rows, [
    { title: 'PROGRAM', cell: ({ collector, task }) => `${collector}.${task}` },
    { title: 'STATE', cell: ({ state }) => state, style: ({ state, optional }) => programStyle(state, optional) },
    { title: 'RUNS/S', cell: ({ runsPerSecond }) => runsPerSecond?.toFixed(0) ?? '-', align: 'right' },
    { title: 'NS/RUN', cell: ({ nanosecondsPerRun }) => nanosecondsPerRun?.toFixed(0) ?? '-', align: 'right' },
    { title: 'HOOK', cell: hookOf },
  ]);
}

function programStyle(state: ProgramStatus['state'], isOptional: boolean): 'green' | 'yellow' | 'red' | 'dim' {
  if (state === 'attached') return 'green';
  if (state === 'detached') return 'dim';
  return isOptional ? 'yellow' : 'red';
}

function hookOf({ attach, state, reasons }: ProgramStatus): string {
  const passedOver = reasons.map((other) => `${other.attach}: ${other.reason}`).join('; ');
  if (state === 'missing') return passedOver;
  return [attach ?? '', passedOver && `(not ${passedOver})`].filter(Boolean).join(' ');
}

function maps({ maps: rows }: ProbeStatus): string {
  if (rows.length === 0) return '';
  return table<MapStatus>(rows, [
    { title: 'MAP', cell: ({ name }) => name },
    { title: 'TYPE', cell: ({ type }) => type },
    { title: 'ENTRIES', cell: ({ entries, maxEntries }) => `${entries}/${maxEntries}`, align: 'right' },
    { title: 'MEMORY', cell: (map) => bytes(map.bytes), align: 'right' },
  ]);
}

function loss({ loss: rows }: ProbeStatus): string {
  const lost = rows.filter(({ count }) => count > 0);
  if (lost.length === 0) return 'Nothing was lost.';
  return table(lost, [
    { title: 'LOST AT', cell: ({ stage }) => stage },
    { title: 'CAUSE', cell: ({ cause, sink }) => (sink ? `${cause} (${sink})` : cause) },
    { title: 'COUNT', cell: ({ count }) => String(count), align: 'right' },
  ]);
}
