// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { pointer, pointerKeys } from '@sonde/kit';
import type { Origin } from '../probes/types.ts';
import type { EffectiveProbe, OverlayField, ProbeChange, ProbeConfig, ProbeOverlay } from './types.ts';

/** Fields of a probe by JSON pointer. Collectors and params count one by one, targets as a whole. */
export type Fields = Map<string, unknown>;

/** Takes a probe apart into its fields. */
function fieldsOf(probe: ProbeConfig): Fields {
  const { collectors, params, ...whole } = probe;
  const fields: Fields = new Map(Object.entries(whole).map(([key, value]) => [pointer(key), value]));
  for (const [group, members] of [
    ['collectors', collectors],
    ['params', params],
  ] as const) {
    for (const [name, value] of Object.entries(members ?? {})) fields.set(pointer(group, name), value);
  }
  return fields;
}

/** What is wanted of a probe: each field from the overlay if it has it, else from the file. */
export function join(file: ProbeConfig | undefined, overlay: ProbeOverlay): EffectiveProbe {
  const fields = fieldsOf(file ?? {});
  const origins: Record<string, Origin> = {};
  for (const key of fields.keys()) origins[key] = 'file';
  for (const [key, field] of Object.entries(overlay)) {
    fields.set(key, field.value);
    origins[key] = 'overlay';
  }
  return { desired: probeOf(fields), origins };
}

/** The overlay with a change laid over it; each new field remembers what the file says now. */
export function lay(overlay: ProbeOverlay, change: ProbeChange, file: ProbeConfig | undefined): ProbeOverlay {
  const inFile = fieldsOf(file ?? {});
  const laid = [...fieldsOf(change)].map(([key, value]): [string, OverlayField] => [
    key,
    inFile.has(key) ? { value, file: inFile.get(key) } : { value },
  ]);
  return { ...overlay, ...Object.fromEntries(laid) };
}

/** The fields of an overlay that the file has changed since they were laid over it. */
export function outdated(overlay: ProbeOverlay, file: ProbeConfig | undefined): string[] {
  const inFile = fieldsOf(file ?? {});
  return Object.keys(overlay).filter((key) => !isDeepStrictEqual(overlay[key]!.file, inFile.get(key)));
}

/** The overlay without some of its fields. */
export function without(overlay: ProbeOverlay, pointers: readonly string[]): ProbeOverlay {
  return Object.fromEntries(Object.entries(overlay).filter(([key]) => !pointers.includes(key)));
}

function probeOf(fields: Fields): EffectiveProbe['desired'] {
  const probe: Record<string, unknown> = {};
  for (const [key, value] of fields) {
    const [first, second] = pointerKeys(key) as [string, string?];
    if (second === undefined) probe[first] = value;
    else probe[first] = { ...(probe[first] as object | undefined), [second]: value };
  }
  return probe;
}
