// SPDX-License-Identifier: Apache-2.0
export { openKubernetes } from './open-kubernetes.ts';
export { HostKubernetes, type PodView } from './host-kubernetes.ts';
export { observeKubernetes } from './instruments.ts';
export { podSelectors } from './selectors.ts';
export type * from './types.ts';
