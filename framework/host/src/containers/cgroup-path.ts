// SPDX-License-Identifier: Apache-2.0

/** What the path of a cgroup says of the container in it. */
export interface ContainerPlace {
  id: string;
  /** What tells the container from all others of the node, where that is not its id. */
  key?: string;
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

/**
 * The cgroup that an OCI runtime makes for a container, out of its specification in JSON: `linux.cgroupsPath` is the path, or
 * for systemd `slice:prefix:name`. Undefined where only the runtime knows.
 */
export function cgroupOfSpec(spec: Uint8Array): string | undefined {
  const { linux } = JSON.parse(Buffer.from(spec).toString()) as { linux?: { cgroupsPath?: string } };
  const path = linux?.cgroupsPath ?? '';
  if (path.startsWith('/')) return path;
  const [slice = '', prefix = '', name] = path.split(':');
  if (name === undefined) return undefined;
  return `${slicePath(slice || 'system.slice')}/${prefix && `${prefix}-`}${name}.scope`;
}

/** systemd puts `a-b.slice` into `a.slice`. */
function slicePath(slice: string): string {
  const parts = slice.replace(/\.slice$/, '').split('-').filter(Boolean);
  return parts.map((_, i) => `/${parts.slice(0, i + 1).join('-')}.slice`).join('');
}
