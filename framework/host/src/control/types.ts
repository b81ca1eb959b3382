// SPDX-License-Identifier: Apache-2.0
import type { ConfigStore } from '../config/config-store.ts';
import type { ProbeManager } from '../probes/types.ts';
import type { EventStreams } from './event-streams.ts';
import type { Finding } from './problem.ts';
import type { SinkStatus } from '../sinks/types.ts';

/** What the control room needs of the rest of the house. */
export interface ControlOptions {
  store: ConfigStore;
  probes: ProbeManager;
  /** The sinks with their queues and errors. */
  sinks(): readonly SinkStatus[];
  /** Events as they happen. */
  events: EventStreams;
  /** Whether the probes were brought to their desired state once since start. */
  isReady(): boolean;
  /** What the running kernel can do, from feature probes. */
  kernel(): Promise<KernelReport>;
  /** Version of the host. */
  version: string;
}

/** How far `sonde.yaml` as it is now is in effect. */
export interface ConfigState {
  file: string;
  current: boolean;
  /** Why the file was put aside. */
  problems?: Finding[];
  /** JSON pointers of what it has changed that is read at start only. */
  restartNeeded?: string[];
}

/** What the running kernel can do (`GET /v1/kernel`). Null: it could not be told. */
export interface KernelReport {
  /** As `uname -r` says it; for people, never for decisions. */
  release: string;
  architecture: string;
  features: Record<string, boolean | null>;
  programTypes: Record<string, boolean | null>;
  mapTypes: Record<string, boolean | null>;
}

/** A control server that listens. */
export interface ControlServer {
  /** Where it listens: the path of the socket, and the address and port that were bound. */
  readonly socket: string;
  readonly address: { host: string; port: number };
  /** What is not as it was asked for, for people. */
  readonly warnings: readonly string[];
  /** Stops listening, lets open requests finish for a moment, removes the socket file. */
  close(): Promise<void>;
}
