// SPDX-License-Identifier: Apache-2.0
import {
  nearest,
  quoteNames,
  resolveParams,
  sondeError,
  type Manifest,
  type ParamInput,
  type ParamValue,
  type SondeError,
} from '@sonde/kit';
import type { ProbePackage } from '../packages/types.ts';
import type { TargetMode, TargetRules } from '../targets/types.ts';
import { loadKey } from './object-settings.ts';
import type { RunSettings } from './services.ts';
import type { DesiredProbe } from './types.ts';

/** The settings that one desired state comes to, and what of it makes a reload necessary. */
export interface DesiredPlan extends RunSettings {
  enabled: boolean;
  /** The params as a person writes them. */
  given: Record<string, ParamInput>;
  targets: TargetRules;
  loadKey: string;
}

/** What is wrong with a desired state, without applying it. */
export function checkDesired({ manifest }: ProbePackage, desired: DesiredProbe): SondeError[] {
  const known = Object.keys(manifest.collectors);
  const unknown = Object.keys(desired.collectors ?? {}).filter((collector) => !known.includes(collector));
  const problems = unknown.map((collector) =>
    sondeError(
      'SONDE_COLLECTOR_UNKNOWN',
      { probe: manifest.name, collector, nearest: quoteNames(nearest(collector, known)), known: quoteNames(known, 'and') },
      { place: { pointer: `/collectors/${collector}` } },
    ),
  );
  return [...problems, ...resolveParams(manifest, desired.params).problems];
}

/** @param targetMode what the target rules come to */
export function planOf(pkg: ProbePackage, desired: DesiredProbe, targetMode: TargetMode): DesiredPlan {
  const { manifest } = pkg;
  const params: Record<string, ParamValue> = resolveParams(manifest, desired.params).values;
  const collectors = Object.entries(manifest.collectors).filter(
    ([name, collector]) => desired.collectors?.[name] ?? collector.default ?? true,
  );
  return {
    enabled: desired.enabled ?? true,
    params,
    given: { ...defaults(manifest), ...desired.params },
    collectors: new Set(collectors.map(([name]) => name)),
    targets: desired.targets ?? {},
    targetMode,
    loadKey: loadKey(manifest, params),
  };
}

function defaults({ params = {} }: Manifest): Record<string, ParamInput> {
  return Object.fromEntries(Object.entries(params).map(([name, param]) => [name, param.default]));
}
