// SPDX-License-Identifier: Apache-2.0
import type { ProbeStatus } from '../probes/types.ts';
import { expectArguments } from './arguments.ts';
import { probePath } from './client.ts';
import type { Invocation } from './command.ts';
import { exitOf, outcome } from './probe-view.ts';

/** A command that does one thing to each probe that is named, and says what came of it. */
export function forEachProbe(verb: 'stop' | 'restart'): (invocation: Invocation) => Promise<number> {
  return async ({ args, client, output }) => {
    expectArguments(args, ['<probe>…'], `sonde ${verb}`);
    const probes: ProbeStatus[] = [];
    for (const name of args) probes.push(await client.send<ProbeStatus>('POST', `${probePath(name)}/${verb}`));
    output.show({ probes }, () => probes.map(outcome).join('\n'));
    return exitOf(probes);
  };
}
