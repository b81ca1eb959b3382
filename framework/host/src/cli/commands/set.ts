// SPDX-License-Identifier: Apache-2.0
import { parse } from 'yaml';
import type { ProbeStatus } from '../../probes/types.ts';
import { expectArguments, usageError } from '../arguments.ts';
import { probePath } from '../client.ts';
import type { Command } from '../command.ts';
import { fieldPath } from '../field-path.ts';
import { exitOf, outcome } from '../probe-view.ts';

export const command: Command = {
  usage: 'set <probe> <field>=<value>…',
  help:
    'Changes settings of a running probe. Values are written as in sonde.yaml. They win over sonde.yaml and hold ' +
    'when the host restarts, until `sonde unset` or a change of that setting in sonde.yaml. Settings that are not ' +
    'named stay as they are. Fields: enabled, collectors.<name>, params.<name>, targets.',
  examples: [
    ['sonde set tcp collectors.link=false', 'switch a collector off; the others do not notice'],
    ['sonde set fsync params.slow=2ms enabled=true', 'change two settings at once'],
    ["sonde set tcp targets='{ include: [ { executable: [nginx] } ] }'", 'watch only nginx'],
  ],
  async run({ args, client, output }) {
    expectArguments(args, ['<probe>', '<field>=<value>…'], 'sonde set');
    const [name, ...assignments] = args;
    const probe = await client.send<ProbeStatus>('PUT', probePath(name!), changeOf(assignments));
    output.show(probe, () => outcome(probe));
    return exitOf([probe]);
  },
};

/** The change that assignments such as `params.slow=2ms` come to; the host checks names and types. */
function changeOf(assignments: readonly string[]): object {
  const change: Record<string, unknown> = {};
  for (const assignment of assignments) {
    const [, field, text] = /^([^=]+)=(.*)$/s.exec(assignment) ?? [];
    if (field === undefined || text === undefined) {
      throw usageError(`'${assignment}' is not of the form <field>=<value>`, 'sonde set');
    }
    const [group, name] = fieldPath(field, 'sonde set');
    change[group] = name === undefined ? valueOf(text) : { ...(change[group] as object), [name]: valueOf(text) };
  }
  return change;
}

function valueOf(text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw usageError(`'${text}' is no value of YAML: ${(cause as Error).message}`, 'sonde set');
  }
}
