// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { run } from '../harness/child.ts';
import { repository } from '../harness/paths.ts';
import type { Probe, Workloads } from './guest/checks.ts';
import type { Report } from './guest/main.ts';

/** The kernels that are tried, each from a suite of Debian, and the probe that cannot run there. */
export const guests: readonly { name: string; suite: string; without?: Probe }[] = [
  { name: '5.10', suite: 'bullseye-security', without: 'l7' },
  { name: '6.1', suite: 'bookworm' },
  { name: '6.12', suite: 'bookworm-backports' },
];

const here = import.meta.dirname;
const kernels = join(repository, '.tools/kernels');

/** How many times longer than elsewhere the steps of a check may take: no test asserts a speed. */
const STRETCH = 6;

/** Seconds that a guest has for all of it, from boot to power-off; it takes some 90 on two cores. */
const PATIENCE = 600;

/**
 * Boots the kernel of a suite, which is fetched if it is not there, and resolves with what `guest/main.ts` reports.
 *
 * @throws Error with all that the guest said on its console
 */
export async function boot(suite: string, workloads: Workloads): Promise<Report> {
  const kernel = (await run(join(here, 'fetch.sh'), [suite, kernels])).trim();
  const command = ['env', `PATIENCE=${STRETCH}`, process.execPath, join(here, 'guest/main.ts'), JSON.stringify(workloads)];
  const quoted = command.map((word) => `'${word}'`);
  const console = await run(join(here, 'boot.sh'), [kernel, ...quoted], { cwd: repository, env: { TIMEOUT: `${PATIENCE}` } });
  const line = console.split(/\r?\n/).find((each) => each.startsWith('REPORT '));
  if (line === undefined) throw new Error(`the guest said nothing of its checks:\n${console}`);
  return JSON.parse(line.slice('REPORT '.length)) as Report;
}
