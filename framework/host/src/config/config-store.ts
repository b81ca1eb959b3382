// SPDX-License-Identifier: Apache-2.0
import { EventEmitter } from 'eventemitter3';
import type { SondeError } from '@sonde/kit';
import type { Config, ConfigEvents, EffectiveProbe, ProbeChange, ProbeOverlay } from './types.ts';

/** `sonde.yaml` and what REST laid over it: the desired state of the host. */
export abstract class ConfigStore extends EventEmitter<ConfigEvents> {
  /** The last good configuration. */
  abstract readonly config: Config;
  /** Why the file as it is now is not in effect; undefined if it is. */
  abstract readonly rejected: SondeError | undefined;
  /** File and overlay joined, by the name of the probe. */
  abstract effective(): Map<string, EffectiveProbe>;
  abstract overlay(probe: string): ProbeOverlay;
  /** Lays the given fields over the file and keeps them on disk; fields that are not given stay as they are. */
  abstract lay(probe: string, change: ProbeChange): Promise<void>;
  /** Takes the overlay off: all of it, or the fields given as JSON pointers. */
  abstract lift(probe: string, pointers?: readonly string[]): Promise<void>;
  /** Reads the file again. Never throws for a bad file: emits `rejected`. */
  abstract reload(): Promise<void>;
}
