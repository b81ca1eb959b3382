// SPDX-License-Identifier: Apache-2.0
import type { Meter } from '@opentelemetry/api';
import type { HostKubernetes } from './host-kubernetes.ts';

/** What the host says of Kubernetes: whom it asks, whether there are answers, and how many pods it knows of. */
export function observeKubernetes(meter: Meter, kubernetes: Pick<HostKubernetes, 'counts'>): void {
  const up = meter.createObservableGauge('sonde.kubernetes.up', {
    description: 'Whether the API server or kubelet answers; absent where none is asked',
  });
  up.addCallback((result) => {
    const { source, answers } = kubernetes.counts();
    if (answers !== undefined) result.observe(answers ? 1 : 0, { source });
  });
  const pods = meter.createObservableGauge('sonde.kubernetes.pods', {
    unit: '{pod}',
    description: 'Pods of this node of which the API server or kubelet told',
  });
  pods.addCallback((result) => {
    const { source, pods: known } = kubernetes.counts();
    if (source !== 'cri') result.observe(known, { source });
  });
  const failures = meter.createObservableCounter('sonde.kubernetes.failures', {
    unit: '{request}',
    description: 'Requests to the API server or kubelet that failed',
  });
  failures.addCallback((result) => {
    const { source, failures: count } = kubernetes.counts();
    if (source !== 'cri') result.observe(count, { source });
  });
}
