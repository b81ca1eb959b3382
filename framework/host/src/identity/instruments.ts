// SPDX-License-Identifier: Apache-2.0
import type { Meter } from '@opentelemetry/api';
import type { Identity } from './types.ts';

/** What the host says of whom it knows: processes and cgroups. */
export function observeIdentity(meter: Meter, identity: Pick<Identity, 'counts'>): void {
  const processes = meter.createObservableGauge('sonde.processes', {
    unit: '{process}',
    description: 'Processes that the host knows: live; missing: no more than pid and start; kept: ended lately; held: ended before, and named by a series',
  });
  processes.addCallback((result) => {
    const { live, missing, kept, entries } = identity.counts();
    result.observe(live - missing, { state: 'live' });
    result.observe(missing, { state: 'missing' });
    result.observe(kept, { state: 'kept' });
    result.observe(entries - live - kept, { state: 'held' });
  });
  const starts = meter.createObservableCounter('sonde.process.starts', {
    unit: '{process}',
    description: 'Processes that the host met: forks, execs, and those that lived before it',
  });
  starts.addCallback((result) => result.observe(identity.counts().started));
  const cgroups = meter.createObservableGauge('sonde.cgroups', { unit: '{cgroup}', description: 'Cgroups that exist' });
  cgroups.addCallback((result) => result.observe(identity.counts().cgroups));
}
