// SPDX-License-Identifier: Apache-2.0
import { parseBytes, parseDuration } from './units.ts';

export type Comparison = '>' | '>=' | '<' | '<=';

/** A bound as a person writes it, such as `> 200ms`, in the unit of a metric. */
export interface Threshold {
  comparison: Comparison;
  value: number;
}

/** Seconds of what a rate may be given by. */
const periods: Record<string, number> = { s: 1, min: 60, h: 3600 };

/**
 * Reads a bound for a metric. Durations are for the unit `s`, sizes for `By`, `%` for `1`; a number alone is in the
 * metric's own unit. A rate may say what it is by: `10MiB/s`, `600/min`.
 *
 * @param unit of the metric (UCUM)
 * @param isRate whether it is compared with what is added a second
 * @returns undefined if it is no bound, or has a unit that the metric has not
 */
export function parseThreshold(text: string, unit: string, isRate = false): Threshold | undefined {
  const [, comparison, amount, period] = /^(>=?|<=?)\s*([^/]*?)\s*(?:\/\s*(\w+))?$/.exec(text.trim()) ?? [];
  if (comparison === undefined || amount === undefined) return undefined;
  const per = period === undefined ? 1 : periods[period];
  if (per === undefined || (period !== undefined && !isRate)) return undefined;
  const value = quantity(amount, unit);
  return value === undefined ? undefined : { comparison: comparison as Comparison, value: value / per };
}

function quantity(text: string, unit: string): number | undefined {
  if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (unit === 's') return seconds(text);
  if (unit === 'By') return parseBytes(text);
  if (unit === '1' && /^\d+(\.\d+)?\s*%$/.test(text)) return Number.parseFloat(text) / 100;
  return undefined;
}

function seconds(text: string): number | undefined {
  const nanoseconds = parseDuration(text);
  return nanoseconds === undefined ? undefined : nanoseconds / 1e9;
}
