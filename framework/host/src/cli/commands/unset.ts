// SPDX-License-Identifier: Apache-2.0
import { pointer } from '@sonde/kit';
import type { ProbeStatus } from '../../probes/types.ts';
import { expectArguments } from '../arguments.ts';
import { probePath } from '../client.ts';
import type { Command } from '../command.ts';
import { fieldPath } from '../field-path.ts';
import { exitOf, outcome } from '../probe-view.ts';

export const command: Command = {
  usage: 'unset <probe> [<field>…]',
  help:
    'Takes back what `sonde set`, `start` and `stop` have changed, so that sonde.yaml holds again: all of it, or ' +
    'single fields. A probe that sonde.yaml does not name goes away. `sonde show <probe>` shows which settings ' +
    'come from the overlay.',
  examples: [
    ['sonde unset tcp', 'back to what sonde.yaml says'],
    ['sonde unset fsync params.slow', 'take back one setting'],
  ],
  async run({ args, client, output }) {
    expectArguments(args, ['<probe>', ...args.slice(1)], 'sonde unset');
    const [name, ...fields] = args;
    const pointers = fields.map((field) =>
      pointer(...fieldPath(field, 'sonde unset').filter((part) => part !== undefined)),
    );
    const query = pointers.map((field) => `field=${encodeURIComponent(field)}`).join('&');
    await client.send('DELETE', `${probePath(name!)}${query && `?${query}`}`);
    const { probes } = await client.send<{ probes: ProbeStatus[] }>('GET', '/v1/probes');
    const left = probes.filter((probe) => probe.name === name);
    output.show(
      left[0] ?? null,
      () => left.map(outcome).join('\n') || `${name}: gone, for sonde.yaml does not name it`,
    );
    return exitOf(left);
  },
};
