// SPDX-License-Identifier: Apache-2.0

/** What the path of a cgroup says of the container in it. */
export interface ContainerPlace {
  id: string;
  /** Of the Kubernetes pod; the dashes that the systemd driver replaces are put back. */
  podUid?: string;
}

/**
 * A directory that a runtime makes for one container: its id alone (cgroupfs driver), or with the runtime's prefix and
 * `.scope` (systemd driver). containerd without its own slice writes `parent.slice:cri-containerd:id`.
 */
const CONTAINER = /^(?:.*:)?(?:(?:docker|libpod|cri-containerd|crio|nerdctl|cri-docker|podman)[-:])?([0-9a-f]{64})(?:\.scope)?$/;
const POD = /(?:^|-)pod([^-:/.][^:/.]*?)(?:\.slice.*)?$/;

/**
 * The container that a cgroup belongs to, whoever made it: Docker, Podman, containerd, CRI-O, alone or under Kubernetes, with
 * either cgroup driver and in either hierarchy. Where one runs within another, the inner. `conmon`, Podman's and CRI-O's
 * monitor, is not in the container. Undefined for anything else.
 */
export function containerPlace(path: string): ContainerPlace | undefined {
  const parts = path.split('/');
  for (let at = parts.length - 1; at > 0; at--) {
    const id = CONTAINER.exec(parts[at]!)?.[1];
    if (id === undefined) continue;
    const podUid = podOf(parts.slice(0, at + 1));
    return podUid === undefined ? { id } : { id, podUid };
  }
  return undefined;
}

/** The directory of the pod is the nearest with `pod` and a uid in its name, in a tree that is Kubernetes'. */
function podOf(parts: readonly string[]): string | undefined {
  if (!parts.some((part) => part.includes('kubepods') || part.includes(':cri-containerd:'))) return undefined;
  const uid = parts.map((part) => POD.exec(part.split(':')[0]!)?.[1]).findLast((found) => found !== undefined);
  return uid?.replaceAll('_', '-');
}
