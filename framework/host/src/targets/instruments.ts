// SPDX-License-Identifier: Apache-2.0
import type { Meter } from '@opentelemetry/api';
import type { Targets } from './types.ts';

/** What the host says of the map that holds who is watched. */
export function observeTargets(meter: Meter, targets: Pick<Targets, 'counts'>): void {
  const entries = meter.createObservableGauge('sonde.target.entries', {
    unit: '{entry}',
    description: 'Processes and cgroups that a rule of targets names, in the map that all probes ask',
  });
  entries.addCallback((result) => result.observe(targets.counts().entries));
}
