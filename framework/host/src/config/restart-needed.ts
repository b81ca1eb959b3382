// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './types.ts';

/** What is read only when the host starts, by its JSON pointer in `sonde.yaml`. */
const READ_AT_START: Readonly<Record<string, (config: Config) => unknown>> = {
  '/node': ({ node }) => node,
  '/interval': ({ interval }) => interval,
  '/series': ({ series }) => series,
  '/containers/runtimes': ({ containers }) => containers.runtimes,
  '/kubernetes': ({ kubernetes: { node, kubeconfig, kubelet } }) => ({ node, kubeconfig, kubelet }),
  '/control': ({ control }) => control,
  '/state': ({ state }) => state,
};

/** JSON pointers of what differs between two configurations and is in effect only after a restart. */
export function restartNeeded(started: Config, now: Config): string[] {
  const differs = (read: (config: Config) => unknown) => !isDeepStrictEqual(read(started), read(now));
  return Object.entries(READ_AT_START).flatMap(([pointer, read]) => (differs(read) ? [pointer] : []));
}
