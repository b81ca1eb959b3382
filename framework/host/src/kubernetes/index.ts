// SPDX-License-Identifier: Apache-2.0
export { inClusterAccess, kubeconfigAccess } from './access.ts';
export { HostKubernetes, type KubernetesOptions, type PodLabelChoice, type PodView } from './host-kubernetes.ts';
export { observeKubernetes } from './instruments.ts';
export { podSelectors } from './selectors.ts';
export type * from './types.ts';
