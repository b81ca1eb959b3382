// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '@sonde/kit';
import type { Refusal } from './program-plan.ts';
import type { ProbeConfig, TargetRules } from '../config/generated/types.ts';
import type { TargetReport } from '../targets/report.ts';

/** Where a probe stands; see docs/lifecycle.md. */
export type ProbeState = 'installed' | 'loading' | 'running' | 'throttled' | 'stopping' | 'stopped' | 'failed';

/** Where a field of the desired state came from: the manifest's default, `sonde.yaml`, or what REST laid over it. */
export type Origin = 'default' | 'file' | 'overlay';

/** What the user wants of one probe. Every field may be absent: then the manifest's default holds. */
export type DesiredProbe = ProbeConfig;

/** One task of a collector: the program that was chosen for it, or why there is none. */
export interface ProgramStatus {
  collector: string;
  task: string;
  /** BPF program name, absent when no alternative could be used. */
  program?: string;
  /** The hook, e.g. `tp_btf/sched_process_exec`. */
  attach?: string;
  state: 'attached' | 'detached' | 'missing';
  optional: boolean;
  /** For each alternative that was passed over: why. */
  reasons: Refusal[];
  id?: number;
  /** Estimates, from 1 s of BPF statistics in 20. */
  runsPerSecond?: number;
  nanosecondsPerRun?: number;
}

export interface MapStatus {
  name: string;
  type: string;
  entries: number;
  maxEntries: number;
  bytes: number;
}

/** What is the case, as `GET /v1/probes/{name}` shows it. */
export interface ProbeStatus {
  name: string;
  package: string;
  version: string;
  description: string;
  state: ProbeState;
  /** Why the state is `failed`, or what a running probe lacks. */
  error?: { code: string; message: string; place?: string; hint?: string };
  warnings: string[];
  since: string;
  desired: Required<Pick<DesiredProbe, 'enabled' | 'collectors' | 'params'>> & { targets: TargetRules };
  /** JSON pointer in `desired` → where it came from. */
  origins: Record<string, Origin>;
  programs: ProgramStatus[];
  maps: MapStatus[];
  series: number;
  /** Estimated share of one CPU that its programs use, from BPF statistics; absent before the first estimate. */
  cpu?: number;
  /** How long the last reload left nothing attached; what happened then was not counted. */
  reloadGapSeconds?: number;
  loss: { stage: string; cause: string; sink?: string; count: number }[];
}

/** What the control room and the CLI may ask of the running probes. The host implements it; nothing else starts or stops a probe. */
export interface ProbeManager {
  list(): ProbeStatus[];
  /** @throws SONDE_PROBE_UNKNOWN */
  get(name: string): ProbeStatus;
  /**
   * Makes the observed state follow the whole desired state: starts, stops, reloads or adjusts what differs, leaves the rest alone.
   * Resolves when each probe has settled (running, stopped or failed); a probe's failure is in its status and never rejects.
   */
  reconcile(desired: Record<string, DesiredProbe>): Promise<void>;
  /** Checks one probe's desired state against its manifest without applying it. Empty if good. */
  validate(name: string, desired: DesiredProbe): Promise<SondeError[]>;
  restart(name: string): Promise<ProbeStatus>;
  /**
   * Who the probe's target rules match now; or, if `rules` are given, who those would match, changing nothing.
   * @throws SONDE_PROBE_UNKNOWN, SONDE_TARGET_PATTERN, SONDE_TARGET_SELECTOR
   */
  targets(name: string, rules?: TargetRules): TargetReport;
}
