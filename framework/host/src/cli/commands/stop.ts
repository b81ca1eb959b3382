// SPDX-License-Identifier: Apache-2.0
import type { Command } from '../command.ts';
import { forEachProbe } from '../for-each-probe.ts';

export const command: Command = {
  usage: 'stop <probe>…',
  help:
    'Stops probes and leaves nothing of them in the kernel. They stay stopped when the host restarts, until ' +
    '`sonde start`, `sonde unset` or a change in sonde.yaml. Their totals stay readable.',
  examples: [['sonde stop tcp', 'stop the probe tcp']],
  run: forEachProbe('stop'),
};
