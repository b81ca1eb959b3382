// SPDX-License-Identifier: Apache-2.0
import type { Identity } from '../identity/types.ts';
import { ContainerdWatch } from './containerd-watch.ts';
import { CriClient } from './cri-client.ts';
import { DockerClient } from './docker-client.ts';
import { HostContainers } from './host-containers.ts';
import type { Containers, RuntimeClient } from './types.ts';

/** A runtime and where it listens. */
export interface RuntimeAddress {
  type: 'docker' | 'podman' | 'cri' | 'containerd';
  /** Path of a unix socket. */
  socket: string;
}

/** Where runtimes listen as their packages set them up. One that is not there costs nothing. */
export const USUAL_RUNTIMES: readonly RuntimeAddress[] = [
  { type: 'docker', socket: '/run/docker.sock' },
  { type: 'podman', socket: '/run/podman/podman.sock' },
  { type: 'cri', socket: '/run/containerd/containerd.sock' },
  { type: 'cri', socket: '/run/k3s/containerd/containerd.sock' },
  { type: 'containerd', socket: '/run/containerd/containerd.sock' },
  { type: 'containerd', socket: '/run/k3s/containerd/containerd.sock' },
  { type: 'cri', socket: '/run/crio/crio.sock' },
  { type: 'cri', socket: '/run/cri-dockerd.sock' },
];

export interface ContainerOptions {
  /** Default: {@link USUAL_RUNTIMES}. */
  runtimes?: readonly RuntimeAddress[];
  /** Patterns for the keys of those container labels that become labels of processes. Default: none. */
  labels?: readonly string[];
}

/**
 * Knows the containers of this node from now on, and labels their processes. Opens no connection before there is a container
 * to ask for, except to containerd, which tells of what only it knows.
 */
export function openContainers(identity: Identity, { runtimes = USUAL_RUNTIMES, labels }: ContainerOptions = {}): Containers {
  const clients = runtimes.flatMap(({ type, socket }): RuntimeClient[] => {
    if (type === 'containerd') return [];
    return [type === 'cri' ? new CriClient(socket) : new DockerClient(type, socket)];
  });
  const watches = runtimes.filter(({ type }) => type === 'containerd').map(({ socket }) => new ContainerdWatch(socket));
  return new HostContainers(identity, clients, watches, labels);
}
