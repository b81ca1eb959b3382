// SPDX-License-Identifier: Apache-2.0
export { observeContainers } from './instruments.ts';
export { openContainers, USUAL_RUNTIMES, type ContainerOptions, type RuntimeAddress } from './open-containers.ts';
export { containerSelectors } from './selectors.ts';
export type * from './types.ts';
