// SPDX-License-Identifier: Apache-2.0
import type { Meter } from '@opentelemetry/api';
import type { ProbeState } from '../probes/types.ts';

/** What the host knows of a running probe, in base units. */
export interface ProbeObservation {
  probe: string;
  state: ProbeState;
  /** Tasks with an attached program, and tasks for which no alternative could be used. */
  programs: { attached: number; missing: number };
  /** Estimates from BPF run statistics, by program; empty before the first estimate. */
  runs: readonly ProgramRuns[];
  maps: readonly { map: string; entries: number; bytes: number }[];
}

export interface ProgramRuns {
  program: string;
  runsPerSecond: number;
  /** Share of one CPU, 0 … number of CPUs. */
  cpu: number;
}

/**
 * The host's own metrics: instruments of the OpenTelemetry SDK whose values go into the series store like any probe's.
 */
export interface HostTelemetry {
  /** For other rooms' own instruments (names `sonde.…`); their attributes become labels. */
  readonly meter: Meter;
  /** Asked at each snapshot for the probes there are; what it no longer names vanishes. */
  observeProbes(read: () => Iterable<ProbeObservation>): void;
  /** Events that were emitted: `sonde_events_total{probe,event}`. */
  countEvents(probe: string, event: string, n: number): void;
  /** Spans that were emitted: `sonde_spans_total{probe}`. */
  countSpans(probe: string, n: number): void;
  close(): Promise<void>;
}
