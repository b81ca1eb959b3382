// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import type { ProbeStatus } from '../../probes/types.ts';
import { expectArguments, usageError } from '../arguments.ts';
import { probePath } from '../client.ts';
import type { Command } from '../command.ts';
import { exitOf, outcome } from '../probe-view.ts';

export const command: Command = {
  usage: 'start <probe>… [--package <name or path>]',
  help:
    'Starts probes, and keeps them started when the host restarts, until `sonde unset` or a change in sonde.yaml. ' +
    'A probe that sonde.yaml does not name and that is not built in needs its package.',
  options: { package: { value: 'name or path', help: 'Package of a probe that sonde.yaml does not name' } },
  examples: [
    ['sonde start tcp io', 'start two probes'],
    ['sonde start fsync --package ./fsync', 'start one from a folder'],
    ['sonde start fsync --package @acme/probe-fsync', 'start one from an npm package that is installed'],
  ],
  async run({ args, options, client, output }) {
    expectArguments(args, ['<probe>…'], 'sonde start');
    const reference = options['package'] as string | undefined;
    if (reference !== undefined && args.length > 1) throw usageError('--package goes with one probe', 'sonde start');
    const probes: ProbeStatus[] = [];
    for (const name of args) {
      const change = { package: /^[./]/.test(reference ?? '') ? resolve(reference!) : reference, enabled: true };
      probes.push(await client.send<ProbeStatus>('PUT', probePath(name), change));
    }
    output.show({ probes }, () => probes.map(outcome).join('\n'));
    return exitOf(probes);
  },
};
