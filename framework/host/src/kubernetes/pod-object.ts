// SPDX-License-Identifier: Apache-2.0
import type { Pod, PodContainer, Service } from './types.ts';

interface Metadata {
  uid: string;
  name: string;
  namespace: string;
  resourceVersion: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: { kind: string; name: string; controller?: boolean }[];
}

interface ContainerStatus {
  name: string;
  containerID?: string;
  image?: string;
}

/** `v1.Pod`, as far as it is read. */
export interface PodObject {
  metadata: Metadata;
  spec?: { nodeName?: string; containers?: PodContainer[]; initContainers?: PodContainer[]; ephemeralContainers?: PodContainer[] };
  status?: Partial<Record<'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses', ContainerStatus[]>>;
}

/** `v1.Service`, as far as it is read. */
export interface ServiceObject {
  metadata: Metadata;
  spec?: { selector?: Record<string, string> };
}

export function podOf({ metadata, spec = {}, status = {} }: PodObject): Pod {
  const { uid, name, namespace, labels = {}, annotations = {}, ownerReferences = [] } = metadata;
  const owner = ownerReferences.find(({ controller }) => controller) ?? ownerReferences[0];
  const asked = [spec.containers, spec.initContainers, spec.ephemeralContainers].flatMap((list) => list ?? []);
  const running = [status.containerStatuses, status.initContainerStatuses, status.ephemeralContainerStatuses];
  const containers = new Map<string, PodContainer>();
  for (const { name: container, containerID, image } of running.flatMap((list) => list ?? [])) {
    if (containerID === undefined) continue;
    const wanted = asked.find((each) => each.name === container)?.image ?? image;
    containers.set(containerID.replace(/^.*:\/\//, ''), { name: container, ...(wanted && { image: wanted }) });
  }
  return {
    uid: mirrorUid(annotations) ?? uid,
    name,
    namespace,
    labels,
    annotations,
    containers,
    ...(spec.nodeName && { node: spec.nodeName }),
    ...(owner && { owner: { kind: owner.kind, name: owner.name } }),
  };
}

/** A static pod's cgroup has the uid of its file, which its mirror in the API names. */
function mirrorUid(annotations: Record<string, string>): string | undefined {
  return annotations['kubernetes.io/config.mirror'] ?? annotations['kubernetes.io/config.hash'];
}

/** Undefined for a service that selects nobody. */
export function serviceOf({ metadata: { name, namespace }, spec }: ServiceObject): Service | undefined {
  const selector = spec?.selector ?? {};
  return Object.keys(selector).length === 0 ? undefined : { name, namespace, selector };
}
