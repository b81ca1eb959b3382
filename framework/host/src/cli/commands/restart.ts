// SPDX-License-Identifier: Apache-2.0
import type { Command } from '../command.ts';
import { forEachProbe } from '../for-each-probe.ts';

export const command: Command = {
  usage: 'restart <probe>…',
  help: 'Stops probes and starts them again, for instance after one has failed. Counters go on where they were.',
  examples: [['sonde restart tcp', 'load and attach the probe tcp anew']],
  run: forEachProbe('restart'),
};
