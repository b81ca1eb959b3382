// SPDX-License-Identifier: Apache-2.0
import type { Identity } from '../identity/types.ts';
import { HostTargets } from './host-targets.ts';
import { TargetMap } from './target-map.ts';
import type { Targets } from './types.ts';

/**
 * Creates the map that all probes share. Close it after the probes' objects and before the identity.
 * @throws NativeError if the kernel refuses it
 */
export async function openTargets(identity: Identity): Promise<Targets> {
  return new HostTargets(await TargetMap.open(), identity);
}
