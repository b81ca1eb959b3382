// SPDX-License-Identifier: Apache-2.0
import type { SandboxFacts } from './types.ts';

const PREFIX = 'io.kubernetes.';

/**
 * The pod that the kubelet's labels on a container or sandbox name. The labels of the pod itself are beside them on the
 * sandbox only.
 */
export function sandboxOf(labels: Readonly<Record<string, string>>): SandboxFacts | undefined {
  const uid = labels[`${PREFIX}pod.uid`];
  const name = labels[`${PREFIX}pod.name`];
  const namespace = labels[`${PREFIX}pod.namespace`];
  if (!uid || !name || !namespace) return undefined;
  const container = labels[`${PREFIX}container.name`];
  return { uid, name, namespace, ...(container && container !== 'POD' && { container }), labels: {}, annotations: {} };
}

/** Labels without those that the kubelet adds. */
export function podLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith(PREFIX)));
}
