// SPDX-License-Identifier: Apache-2.0
import type { Rule } from '@sonde/kit';
import type { EventRecord } from '../events/index.ts';
import type { Identity } from '../identity/types.ts';
import type { SeriesStore } from '../series/types.ts';

/** A rule as `sonde.yaml` has it: what it leaves out is as the manifest's rule of the same name says. */
export type RuleChange = Partial<Rule>;

export interface RuleServices {
  readonly store: Pick<SeriesStore, 'view' | 'refresh'>;
  readonly identity: Pick<Identity, 'labels'>;
  /** A rule watches series of this probe: its events may come. */
  declare(probe: string): void;
  /** Sends what a rule has to say. */
  emit(event: EventRecord): void;
  /** Tells people of a rule that makes no sense. */
  log(severity: 'warn', message: string): void;
}

/** From sonde.yaml. */
export interface RuleSettings {
  /** By the name of the event. */
  rules: Readonly<Record<string, RuleChange>>;
  /** Identity attributes that tell series apart where a rule does not say. */
  labels: readonly string[];
  /** Longest time between two looks at the series, ms. */
  interval: number;
}
