// SPDX-License-Identifier: Apache-2.0
import type { EventEmitter } from 'eventemitter3';
import type { CgroupId, IdentityId } from '../identity/types.ts';
import type { Group } from '../series/types.ts';

/** What a runtime says of a container. What it does not know is absent. */
export interface ContainerFacts {
  readonly id: string;
  readonly name?: string;
  readonly image?: ImageFacts;
  readonly labels: Readonly<Record<string, string>>;
  readonly runtime: RuntimeFacts;
  /** Absent where the container belongs to no pod. */
  readonly pod?: SandboxFacts;
}

export interface ImageFacts {
  /** Without tag and digest. */
  readonly name?: string;
  readonly tag?: string;
  /** `sha256:…`. */
  readonly id?: string;
}

export interface RuntimeFacts {
  /** `docker`, `podman`, `containerd`, `cri-o`, …, as it calls itself. */
  readonly name: string;
  readonly version?: string;
}

/** A Kubernetes pod as its runtime knows it: what the kubelet wrote when it made the sandbox. */
export interface SandboxFacts {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Name of the container within the pod; absent for the sandbox itself. */
  readonly container?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One runtime's API. It keeps no connection that it does not need. */
export interface RuntimeClient {
  /** `docker`, `podman` or `cri`. */
  readonly kind: string;
  /** Path of its socket. */
  readonly socket: string;
  /**
   * What the runtime knows of these containers; those it does not know are left out, others may be added.
   * @throws if it cannot be asked, or `signal` aborts
   */
  find(ids: readonly string[], signal: AbortSignal): Promise<ContainerFacts[]>;
  /**
   * Tells the ids of containers that get another name, from a time (milliseconds since 1970) on, until the connection breaks or
   * `signal` aborts. Absent where names never change.
   */
  renames?(since: number, renamed: (id: string) => void, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** A container of which a runtime tells before its processes start, since its cgroup alone would not say what it is. */
export interface Announcement {
  /** As {@link Container.key}. */
  readonly key: string;
  /** Of its cgroup. */
  readonly path: string;
  readonly facts: ContainerFacts;
}

export interface WatchListener {
  /** There is such a container, or something of it is different now. */
  announced(announcement: Announcement): void;
  /** It was removed. */
  withdrawn(key: string): void;
}

/** A runtime that tells of its containers by itself. */
export interface ContainerWatch {
  start(listener: WatchListener): void;
  state(): RuntimeState;
  close(): void;
}

/** A container, from the cgroup that it was given until the last of its processes is forgotten. */
export interface Container extends Group {
  /** 64 hexadecimal digits, or what its user chose. */
  readonly id: string;
  /** What tells it from all others of this node: its id, after the namespace where its user chose that. */
  readonly key: string;
  /** Of the pod, from the same path. */
  readonly podUid?: string;
  /** Once a runtime has told. */
  readonly facts?: ContainerFacts;
  /** Its cgroups that exist, with those below. */
  readonly cgroups: ReadonlyMap<CgroupId, string>;
}

export interface ContainerEvents {
  /** Its cgroup was made, or found. */
  created: (container: Container) => void;
  /** A runtime told what it is; or Kubernetes, something else about its pod. */
  changed: (container: Container) => void;
  /** Its last cgroup was removed. */
  ended: (container: Container) => void;
  /** None of its processes is known any longer. */
  forgotten: (container: Container) => void;
}

/** What the host can say of one runtime. */
export interface RuntimeState {
  readonly kind: string;
  readonly socket: string;
  /** Whether the last request was answered; undefined before the first. */
  readonly answers?: boolean;
  /** Requests that were answered, and that failed by cause: `absent` (no socket), `timeout`, `error`. */
  readonly requests: Readonly<Record<'answered' | 'absent' | 'timeout' | 'error', number>>;
}

export interface ContainerCounts {
  running: number;
  /** Those that run and of which no runtime has told yet. */
  unresolved: number;
  /** Those that have ended and are kept for processes that are. */
  ended: number;
  runtimes: readonly RuntimeState[];
}

/** The containers on this node, by the cgroups of its processes. */
export interface Containers extends EventEmitter<ContainerEvents> {
  /** The container that a process is or was in. */
  of(process: IdentityId): Container | undefined;
  /** The container of a cgroup, or of the one above it. */
  at(cgroupPath: string): Container | undefined;
  /** Those that are not forgotten. */
  all(): Iterable<Container>;
  /** Something that others say of these containers is different now: their processes' labels, and who watches them. */
  relabel(containers: Iterable<Container>): void;
  /** From now on, container labels whose keys match one of these patterns become labels of processes. */
  choose(labels: readonly string[]): void;
  counts(): ContainerCounts;
  close(): void;
}
