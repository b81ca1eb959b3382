// SPDX-License-Identifier: Apache-2.0
import { quoteNames } from '@sonde/kit';
import type { ConfigState } from '../../control/types.ts';
import type { ProbeStatus } from '../../probes/types.ts';
import { expectArguments } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ago, paint, table } from '../output.ts';
import { attachedOf, lossOf, originOf, stateStyle } from '../probe-view.ts';

export const command: Command = {
  usage: 'ps',
  help:
    'Lists the probes of the host: their state and since when, whether it came from sonde.yaml (file), from a ' +
    'command (overlay) or from the manifest (default), how many of their programs are attached, their series, ' +
    'their estimated share of one CPU, and what was lost. Says so where sonde.yaml as it is now is not in effect.',
  examples: [
    ['sonde ps', 'all probes'],
    ['sonde ps --json | jq -r \'.probes[] | select(.state == "failed") | .error.message\'', 'why probes failed'],
  ],
  async run({ args, client, output }) {
    expectArguments(args, [], 'sonde ps');
    const { config, probes } = await client.send<{ config: ConfigState; probes: ProbeStatus[] }>('GET', '/v1/probes');
    const lines = probes.length === 0 ? [nothing] : [list(probes), ...failures(probes)];
    output.show({ config, probes }, () => [...lines, ...remarks(config)].join('\n'));
  },
};

const nothing =
  'There are no probes. Name some in sonde.yaml, or start one: sonde start <probe> --package <name or path>';

function list(probes: ProbeStatus[]): string {
  return table(probes, [
    { title: 'PROBE', cell: ({ name }) => name },
    { title: 'STATE', cell: ({ state }) => state, style: stateStyle },
    { title: 'SINCE', cell: ({ since }) => ago(since), align: 'right' },
    { title: 'FROM', cell: originOf },
    { title: 'PROGRAMS', cell: attachedOf, align: 'right' },
    { title: 'SERIES', cell: ({ series }) => String(series), align: 'right' },
    { title: 'CPU', cell: ({ cpu }) => (cpu === undefined ? '-' : `${(cpu * 100).toFixed(2)} %`), align: 'right' },
    {
      title: 'LOST',
      cell: (probe) => String(lossOf(probe)),
      style: (probe) => (lossOf(probe) > 0 ? 'yellow' : undefined),
      align: 'right',
    },
    { title: 'PACKAGE', cell: (probe) => `${probe.package} ${probe.version}`.trim() },
  ]);
}

/** What of sonde.yaml is not in effect, and why. */
function remarks({ file, problems = [], restartNeeded = [] }: ConfigState): string[] {
  const rejected = problems.map(({ message, place, code }) => `${place ?? file}: ${message} [${code}]`);
  return [
    ...(rejected.length > 0 ? ['', `${paint('yellow', file)} was put aside; the former one is in effect:`, ...rejected] : []),
    ...(restartNeeded.length > 0 ? ['', `${paint('yellow', file)}: restart the host for ${quoteNames(restartNeeded, 'and')}`] : []),
  ];
}

function failures(probes: ProbeStatus[]): string[] {
  return probes.flatMap(({ name, error }) => {
    if (!error) return [];
    return [
      '',
      `${paint('red', name)}: ${error.message} [${error.code}]`,
      ...(error.hint ? [`    ${error.hint}`] : []),
    ];
  });
}
