// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import { clockOffset } from '@sonde/native';
import { readlinkSync } from 'node:fs';
import { HostIdentity } from './host-identity.ts';
import { KernelSource } from './kernel-source.ts';
import { nodeLabels } from './node-labels.ts';
import type { Identity } from './types.ts';

/** `PROC_PID_INIT_INO`: the inode of the initial pid namespace, the same on every machine. */
const INITIAL_PID_NAMESPACE = 'pid:[4026531836]';

export interface IdentityOptions {
  /** Attributes of the node by the configuration, such as `deployment.environment.name`. */
  attributes?: Readonly<Record<string, string | number>>;
  /**
   * Longest time between two snapshots of the kernel's maps, ms: processes that ended are kept for three of them, and a minute
   * at least.
   */
  interval?: number;
}

/**
 * Loads the host's own object, meets every process that lives, and follows those to come. Needs CAP_BPF and CAP_PERFMON,
 * kernel 5.8 or later with BTF.
 *
 * @throws SONDE_IDENTITY_PID_NAMESPACE where this is not the initial pid namespace: its pids mean nothing to the kernel's
 * @throws NativeError if the kernel refuses the object
 */
export async function openIdentity({ attributes, interval = 0 }: IdentityOptions = {}): Promise<Identity> {
  const namespace = readlinkSync('/proc/self/ns/pid');
  if (namespace !== INITIAL_PID_NAMESPACE) throw sondeError('SONDE_IDENTITY_PID_NAMESPACE', { namespace });
  const source = await KernelSource.open();
  try {
    const identity = new HostIdentity(source, nodeLabels(attributes), clockOffset().boottime, interval);
    await identity.start();
    return identity;
  } catch (error) {
    await source.close();
    throw error;
  }
}
