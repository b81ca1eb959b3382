// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '@sonde/kit';

/** What went through a sink since it started, in records: events, spans, data points. */
export interface SinkFlow {
  /** Records and bytes that wait. */
  queued: number;
  queuedBytes?: number;
  delivered: number;
  /** Given up, and counted in the loss ledger. */
  lost: number;
  /** Delivered records a second, over about the last half minute. */
  rate?: number;
  /** RFC 3339. */
  lastDelivery?: string;
}

export interface SinkState {
  /** `failing`: it runs, but cannot deliver at present; what it is owed waits. `failed`: it could not start. */
  state: 'stopped' | 'running' | 'failing' | 'failed';
  /** Where it listens or writes, for people. */
  where: string;
  /** Why it failed, or what it cannot deliver while it runs. */
  error?: SondeError;
  flow?: SinkFlow;
}

/** A sink as people see it (`GET /v1/sinks`). */
export interface SinkStatus extends SinkState {
  name: string;
  type: string;
}

/**
 * Where series or events leave the host. Made by its folder with what it reads: a view of the series, a subscription
 * to events.
 */
export interface Sink {
  /** Its key under `sinks` in sonde.yaml; the label `sink` of its losses. */
  readonly name: string;
  readonly type: string;
  /** @throws SondeError; the sink is then as before `start`. */
  start(): Promise<void>;
  /**
   * Delivers what it holds, as far as that takes no more than a moment, and lets go of everything. Safe to call twice.
   */
  stop(): Promise<void>;
  state(): SinkState;
  /** Opens its file anew under its name, after a rotation has moved it away. */
  reopen?(): Promise<void>;
}
