// SPDX-License-Identifier: Apache-2.0
import type { EventEmitter } from 'eventemitter3';
import type { BpfMap } from '@sonde/native';
import type { TargetRule, TargetRules } from '../config/types.ts';
import type { CgroupId, IdentityId, Labels, ProcessFacts } from '../identity/types.ts';

export type { TargetRule, TargetRules };

/** A selector that looks at a process. Its name is the rule's key. */
export interface SelectorKind {
  readonly name: string;
  /** @throws SyntaxError */
  compile(values: readonly unknown[]): ProcessMatcher;
}

/**
 * A selector of what a cgroup holds, such as a container. The kernel resolves it for every process in it and below, from the
 * first instruction.
 */
export interface CgroupSelectorKind {
  readonly name: string;
  /** @throws SyntaxError */
  compile(values: readonly unknown[]): PathMatcher;
}

export type PathMatcher = (cgroupPath: string) => boolean;

export type ProcessMatcher = (process: ProcessFacts, labels: () => Labels) => boolean;

/**
 * `sonde_target_mode`, flags as in `sonde/target.h`: 1 = only what is included, 2 = something is excluded, 4 = cgroups count;
 * 0 = the probe watches everything.
 */
export type TargetMode = number;

/** One process or cgroup that a rule of a probe matches. */
export interface TargetMatch {
  decision: 'include' | 'exclude';
  /** Index in `include` or `exclude`. */
  rule: number;
  process?: IdentityId;
  cgroup?: { id: CgroupId; path: string };
  /** Watched for its parent's sake. */
  inherited?: boolean;
}

export interface TargetEvents {
  /**
   * The probe's `sonde_target_mode` must be written now, within the listener: the map holds what both the rules before and
   * those to come want.
   */
  mode: (probe: string, mode: TargetMode) => void;
}

export interface TargetCounts {
  entries: number;
  maxEntries: number;
  /** Matches that found no room in the map. */
  overflow: number;
}

export interface Targets extends EventEmitter<TargetEvents> {
  /** `sonde_targets`, which every probe's object reuses. */
  readonly map: BpfMap;
  /**
   * The probe's bit in the map, 0 to 63; the same until released.
   * @throws SONDE_TARGET_PROBES where 64 probes have one
   */
  bitFor(probe: string): number;
  /** Takes the probe's matches out of the map and its bit back. */
  release(probe: string): Promise<void>;
  /**
   * Makes the rules hold; reloads nothing, and loses nothing that is watched both before and after: adds to the map, emits
   * `mode`, takes out of the map what is no longer wanted. Resolves when all that is done.
   * @throws SONDE_TARGET_PATTERN, SONDE_TARGET_SELECTOR, with the rules before still holding
   */
  apply(probe: string, rules: TargetRules): Promise<{ mode: TargetMode }>;
  /** Who is matched now and by which rule. */
  matches(probe: string): TargetMatch[];
  /** The live processes that the probe watches now, by all of its rules; all of them if it has none. */
  watched(probe: string): Iterable<IdentityId>;
  /** Who would be matched; changes nothing. */
  preview(rules: TargetRules): TargetMatch[];
  addSelector(kind: SelectorKind): void;
  addCgroupSelector(kind: CgroupSelectorKind): void;
  /** What selectors say of these cgroups may be different now. */
  reconsider(cgroups: Iterable<readonly [CgroupId, string]>): void;
  counts(): TargetCounts;
  close(): Promise<void>;
}
