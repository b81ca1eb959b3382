// SPDX-License-Identifier: Apache-2.0
import type { Identity } from './identity/types.ts';
import { HOST_PROBE, type SeriesStore } from './series/index.ts';
import type { Targets } from './targets/types.ts';

/** Carries what the host's own object lost into the ledger: records of processes, and matches that found no room in the map. */
export function reportHostLosses(store: SeriesStore, identity: Identity, targets: Targets): void {
  const reported = new Map<string, number>();
  const report = (stage: string, cause: string, total: number): void => {
    const key = `${stage} ${cause}`;
    store.loss.add(HOST_PROBE, stage, cause, total - (reported.get(key) ?? 0));
    reported.set(key, total);
  };
  const reportAll = (): void => {
    for (const [cause, total] of Object.entries(identity.counts().lost)) report('identity', cause, total);
    report('targets', 'map_full', targets.counts().overflow);
  };
  reportAll();
  store.addSource(HOST_PROBE, async () => reportAll());
}
