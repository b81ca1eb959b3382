// SPDX-License-Identifier: Apache-2.0
import type { EventEmitter } from 'eventemitter3';

/** A process as this host knows it: a small integer, 0 = none (the node itself). Reused only after `freed`. */
export type IdentityId = number;

/** OpenTelemetry attribute name → value. What is not known is absent. */
export type Labels = ReadonlyMap<string, string | number>;

/**
 * A cgroup as in `sonde_cgroup_t`: the inode of its directory, plus 2^52 in the v1 memory hierarchy. A process has its v2
 * cgroup, or where that is the root, its v1 one.
 */
export type CgroupId = number;

/** What is known of one process; a view of columns, so read it at once and do not keep it. */
export interface ProcessFacts {
  readonly id: IdentityId;
  /** Thread-group id in the initial pid namespace. */
  readonly pid: number;
  readonly execId: number;
  /** Nanoseconds since boot, suspend included (`start_boottime`). */
  readonly start: number;
  /** Caught by the kernel's events or the walk; false while only the key is known. */
  readonly known: boolean;
  readonly ended: boolean;
  readonly kernelThread: boolean;
  readonly parentPid?: number;
  /** Identity of the parent, as long as that one is still known. */
  readonly parent?: IdentityId;
  /** Pid in the process's own pid namespace. */
  readonly namespacePid?: number;
  /** Effective user id in the initial user namespace. */
  readonly userId?: number;
  /** The kernel's name of the thread-group leader, at most 15 bytes. */
  readonly comm?: string;
  /** Path of the executable within the process's mount namespace. */
  readonly executable?: string;
  /** The first argument: the command as it was called. */
  readonly command?: string;
  /** Arguments joined by spaces, at most 256 bytes of them, secrets masked. */
  readonly commandLine?: string;
  readonly cgroup?: CgroupId;
}

/** Adds labels to processes: a container runtime, Kubernetes. Added by {@link Identity.addFacet}. */
export interface IdentityFacet {
  readonly name: string;
  /** Says what it knows now, without waiting for anything; called again after {@link Identity.relabel}. */
  label(process: ProcessFacts, add: (attribute: string, value: string | number) => void): void;
}

export interface IdentityEvents {
  /** A process was seen to start or exec, or was found by the walk; its facts are known. */
  started: (id: IdentityId) => void;
  /** The process exited, or became another by exec. Its labels stay until `freed`. */
  ended: (id: IdentityId) => void;
  /** Its labels differ from now on. */
  changed: (id: IdentityId) => void;
  /** Ended, held by nobody and no longer kept: the id may soon mean another process. */
  freed: (id: IdentityId) => void;
  cgroupCreated: (cgroup: CgroupId, path: string) => void;
  cgroupRemoved: (cgroup: CgroupId, path: string) => void;
}

export interface IdentityCounts {
  /** Processes that live. */
  live: number;
  /** Entries of the table: processes that live, and those that ended and are kept or held. */
  entries: number;
  /** Those that ended lately. */
  kept: number;
  cgroups: number;
  started: number;
  ended: number;
  /** Of those that live: no record has told of them yet, so that only the key is known. */
  missing: number;
  /** Cause → records that were lost on the way; each loss starts another walk. */
  lost: Record<string, number>;
  walks: number;
}

/** Who a key is: processes, their cgroups, this node. */
export interface Identity extends EventEmitter<IdentityEvents> {
  /** The identity of `struct sonde_process`; interned. 0 where all three are 0. Never waits. */
  process(tgid: number, execId: number, start: number): IdentityId;
  /** Labels of a process with the node's; `labels(0)` are the node's alone. The same Map until `changed`. */
  labels(id: IdentityId): Labels;
  /** Nothing, once the id was freed. */
  facts(id: IdentityId): ProcessFacts | undefined;
  ended(id: IdentityId): boolean;
  /** Holds an id beyond its process's end, until released as often. */
  retain(id: IdentityId): void;
  release(id: IdentityId): void;
  /** Takes every record the kernel has now, so that each process in a map read before is known. */
  settle(): void;
  /** The processes that live now. */
  live(): Iterable<IdentityId>;
  /** The path of a cgroup within its hierarchy. */
  cgroupPath(cgroup: CgroupId): string | undefined;
  /** Cgroups that exist now. */
  cgroups(): Iterable<{ cgroup: CgroupId; path: string }>;
  addFacet(facet: IdentityFacet): void;
  /** A facet knows something else about these processes: drops their labels and emits `changed`. */
  relabel(ids: Iterable<IdentityId>): void;
  counts(): IdentityCounts;
  close(): Promise<void>;
}
