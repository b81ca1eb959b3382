// SPDX-License-Identifier: Apache-2.0
import type { Meter } from '@opentelemetry/api';
import type { Containers, RuntimeState } from './types.ts';

/**
 * What the host says of its containers: how many it knows, and whether their runtimes answer.
 *
 * @param areExpected whether the user named the runtimes: of the usual ones, those that never were there are not told of
 */
export function observeContainers(meter: Meter, containers: Pick<Containers, 'counts'>, areExpected: boolean): void {
  const runtimes = (): RuntimeState[] =>
    containers.counts().runtimes.filter(({ answers, requests }) => answers !== undefined && (areExpected || wasThere(requests)));
  const known = meter.createObservableGauge('sonde.containers', {
    unit: '{container}',
    description: 'Containers that run, by whether a runtime has told their names; those that ended and are kept for what they counted',
  });
  known.addCallback((result) => {
    const { running, unresolved, ended } = containers.counts();
    result.observe(running - unresolved, { state: 'resolved' });
    result.observe(unresolved, { state: 'unresolved' });
    result.observe(ended, { state: 'ended' });
  });
  const up = meter.createObservableGauge('sonde.container.runtime.up', {
    description: 'Whether a container runtime answered when it was last asked; absent before it was, and for those of the usual runtimes that never were there',
  });
  up.addCallback((result) => {
    for (const { kind, socket, answers } of runtimes()) result.observe(answers ? 1 : 0, { runtime: kind, socket });
  });
  const requests = meter.createObservableCounter('sonde.container.runtime.requests', {
    unit: '{request}',
    description: 'Requests to container runtimes by outcome; absent: there was no socket',
  });
  requests.addCallback((result) => {
    for (const { kind, socket, requests: counts } of runtimes()) {
      for (const [outcome, count] of Object.entries(counts)) result.observe(count, { runtime: kind, socket, outcome });
    }
  });
}

function wasThere({ answered, timeout, error }: RuntimeState['requests']): boolean {
  return answered + timeout + error > 0;
}
