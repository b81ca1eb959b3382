// SPDX-License-Identifier: Apache-2.0
import type { Meter } from '@opentelemetry/api';
import type { Config } from '../config/types.ts';
import { containerSelectors, type Containers, observeContainers, openContainers } from '../containers/index.ts';
import type { Identity } from '../identity/types.ts';
import { type HostKubernetes, observeKubernetes, openKubernetes, podSelectors } from '../kubernetes/index.ts';
import type { Targets } from '../targets/types.ts';
import { chosenKeys } from './chosen-keys.ts';
import { serviceFacet } from './service-facet.ts';

/** What processes live in, beyond this node: containers, pods, services. */
export interface Surroundings {
  readonly containers: Containers;
  readonly kubernetes: HostKubernetes;
  /** Lets rules of targets name containers and pods; tells them what is learned. */
  guide(targets: Targets): void;
  observe(meter: Meter): void;
  /** Takes over which foreign labels are wanted. */
  follow(config: Config): void;
  close(): void;
}

/**
 * Puts `container.*`, `k8s.*` and `service.*` on processes from now on. Open it before whoever listens to identity, so that
 * they find its labels.
 * @throws SONDE_KUBECONFIG, SONDE_FILE_UNREADABLE
 */
export function openSurroundings(identity: Identity, config: Config): Surroundings {
  const { containerLabels, ...podKeys } = chosenKeys(config);
  const { runtimes } = config.containers;
  const containers = openContainers(identity, { labels: containerLabels, ...(runtimes && { runtimes }) });
  const kubernetes = openKubernetes(identity, containers, { ...config.kubernetes, ...podKeys });
  identity.addFacet(serviceFacet(identity, containers, kubernetes));
  return {
    containers,
    kubernetes,
    guide(targets) {
      for (const kind of containerSelectors(containers)) targets.addCgroupSelector(kind);
      for (const kind of podSelectors(containers, kubernetes)) targets.addCgroupSelector(kind);
      containers.on('changed', ({ cgroups }) => targets.reconsider(cgroups));
    },
    observe(meter) {
      observeContainers(meter, containers, runtimes !== undefined);
      observeKubernetes(meter, kubernetes);
    },
    follow(changed) {
      const { containerLabels: labels, ...keys } = chosenKeys(changed);
      containers.choose(labels);
      kubernetes.choose(keys);
    },
    close() {
      kubernetes.close();
      containers.removeAllListeners();
      containers.close();
    },
  };
}
