// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { asSondeError } from '@sonde/kit';
import { expectArguments } from '../arguments.ts';
import type { HostClient } from '../client.ts';
import type { Command } from '../command.ts';
import {
  judgeBtf,
  judgeCapabilities,
  judgeFeatures,
  judgeGroup,
  judgeJit,
  judgeLockdown,
  judgeNode,
  judgePidNamespace,
  judgeTools,
  judgeTracefs,
  type Finding,
} from '../findings.ts';
import { paint, table } from '../output.ts';

export const command: Command = {
  usage: 'doctor',
  help:
    'Looks whether this machine can run probes: kernel, BTF, capabilities, what the kernel can do (found by ' +
    'trying), and whether a host runs. Each finding comes with what to do about it. The exit code is 4 if probes ' +
    'cannot run.',
  examples: [
    ['sonde doctor', 'look at everything'],
    ['sonde doctor --json | jq \'.[] | select(.verdict != "good")\'', 'only what is not as it should be'],
  ],
  async run({ args, client, output }) {
    expectArguments(args, [], 'sonde doctor');
    const findings = await examine(client);
    output.show(findings, () => render(findings));
    return findings.some(({ verdict }) => verdict === 'missing') ? 4 : 0;
  },
};

async function examine(client: HostClient): Promise<Finding[]> {
  const status = await readFile('/proc/self/status', 'utf8');
  const judged = await Promise.all([
    judgePidNamespace(),
    judgeBtf(),
    judgeLockdown(),
    judgeJit(),
    judgeTracefs(),
    judgeGroup(),
    judgeHost(client),
    judgeKernel(),
    judgeTools(),
  ]);
  return [judgeNode(process.version), judgeCapabilities(status), ...judged.flat()];
}

async function judgeHost(client: HostClient): Promise<Finding> {
  try {
    const { version } = await client.send<{ version: string }>('GET', '/v1/version');
    return { subject: 'Host', verdict: 'good', found: `version ${version} on ${client.socket}` };
  } catch (thrown) {
    const { message, hint = '' } = asSondeError(thrown);
    return { subject: 'Host', verdict: 'limited', found: message, remedy: hint };
  }
}

/** Imports the addon only here: where it cannot be loaded, that is a finding too. */
async function judgeKernel(): Promise<Finding[]> {
  try {
    const { kernelReport } = await import('../../control/kernel-report.ts');
    return judgeFeatures(await kernelReport());
  } catch (cause) {
    const remedy = 'Build it again: npm run build. It needs the libraries libelf and zlib.';
    return [{ subject: 'Native addon', verdict: 'missing', found: (cause as Error).message, remedy }];
  }
}

const styles = { good: 'green', limited: 'yellow', missing: 'red' } as const;

function render(findings: Finding[]): string {
  const list = table(findings, [
    { title: 'VERDICT', cell: ({ verdict }) => verdict, style: ({ verdict }) => styles[verdict] },
    { title: 'SUBJECT', cell: ({ subject }) => subject },
    { title: 'FOUND', cell: ({ found }) => found },
  ]);
  const remedies = findings.flatMap(({ subject, remedy }) => (remedy ? [`${paint('bold', subject)}: ${remedy}`] : []));
  return [
    list,
    ...(remedies.length > 0 ? ['', paint('bold', 'What to do'), ...remedies.map((line) => `  ${line}`)] : []),
  ].join('\n');
}
