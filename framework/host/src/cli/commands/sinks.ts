// SPDX-License-Identifier: Apache-2.0
import type { SinkStatus } from '../../sinks/types.ts';
import { expectArguments } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ago, bytes, paint, table } from '../output.ts';

/** As REST gives it: the error is plain data. */
type Listed = Omit<SinkStatus, 'error'> & { error?: { code: string; message: string; hint?: string } };

const STYLES = { running: 'green', failing: 'red', failed: 'red', stopped: 'dim' } as const;

export const command: Command = {
  usage: 'sinks',
  help:
    'Lists the sinks of the host: whether they deliver, how many records wait and how much memory they take, how ' +
    'many a second were delivered of late and how many since the sink started, and how many were lost. Below are ' +
    'their errors.',
  examples: [
    ['sonde sinks', 'all sinks'],
    ['sonde sinks --json | jq \'.sinks[] | select(.state == "failing") | .error\'', 'why sinks do not deliver'],
  ],
  async run({ args, client, output }) {
    expectArguments(args, [], 'sonde sinks');
    const { sinks } = await client.send<{ sinks: Listed[] }>('GET', '/v1/sinks');
    output.show({ sinks }, () =>
      sinks.length === 0 ? 'There are no sinks.' : [list(sinks), ...errors(sinks)].join('\n'),
    );
  },
};

function list(sinks: Listed[]): string {
  const count = (value: number | undefined): string => (value === undefined ? '-' : String(value));
  return table(sinks, [
    { title: 'SINK', cell: ({ name }) => name },
    { title: 'TYPE', cell: ({ type }) => type },
    { title: 'STATE', cell: ({ state }) => state, style: ({ state }) => STYLES[state] },
    { title: 'WAITING', cell: ({ flow }) => count(flow?.queued), align: 'right' },
    {
      title: 'MEMORY',
      cell: ({ flow }) => (flow?.queuedBytes === undefined ? '-' : bytes(flow.queuedBytes)),
      align: 'right',
    },
    {
      title: 'RATE',
      cell: ({ flow }) => (flow?.rate === undefined ? '-' : `${flow.rate.toFixed(1)}/s`),
      align: 'right',
    },
    { title: 'DELIVERED', cell: ({ flow }) => count(flow?.delivered), align: 'right' },
    {
      title: 'LOST',
      cell: ({ flow }) => count(flow?.lost),
      style: ({ flow }) => ((flow?.lost ?? 0) > 0 ? 'yellow' : undefined),
      align: 'right',
    },
    { title: 'LAST', cell: ({ flow }) => (flow?.lastDelivery ? `${ago(flow.lastDelivery)} ago` : '-'), align: 'right' },
    { title: 'WHERE', cell: ({ where }) => where },
  ]);
}

function errors(sinks: Listed[]): string[] {
  return sinks.flatMap(({ name, error }) => {
    if (!error) return [];
    return [
      '',
      `${paint('red', name)}: ${error.message} [${error.code}]`,
      ...(error.hint ? [`    ${error.hint}`] : []),
    ];
  });
}
