// SPDX-License-Identifier: Apache-2.0
import type { MetricType } from '../../series/types.ts';

/** UCUM → the word that the OpenTelemetry rules put in a Prometheus name. Others stand as they are. */
const UNITS: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  kBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  m: 'meters',
  V: 'volts',
  A: 'amperes',
  J: 'joules',
  W: 'watts',
  g: 'grams',
  Cel: 'celsius',
  Hz: 'hertz',
  '%': 'percent',
  1: '',
};

/** UCUM after the slash. */
const PER: Readonly<Record<string, string>> = {
  s: 'second',
  min: 'minute',
  h: 'hour',
  d: 'day',
  wk: 'week',
  mo: 'month',
  a: 'year',
};

export interface FamilyName {
  /** Without `_total`: the name of the family in OpenMetrics. */
  name: string;
  /** What the name ends with, if it is the unit; else ''. */
  unit: string;
}

/** The name of a metric by the OpenTelemetry rules for Prometheus, e.g. `tcp.sent` in `By` → `tcp_sent_bytes`. */
export function familyName(name: string, unit: string, type: MetricType): FamilyName {
  const isRatio = type === 'gauge' && unit === '1';
  const words = name.split(/[^a-zA-Z0-9:]+/).filter((word) => word !== '');
  const kept = words.filter((word) => !(type === 'counter' && word === 'total') && !(isRatio && word === 'ratio'));
  const suffix = isRatio ? ['ratio'] : unitWords(unit);
  const joined = [...kept, ...suffix.filter((word) => !kept.includes(word))].join('_');
  const full = /^[0-9]/.test(joined) ? `_${joined}` : joined;
  const ending = suffix.join('_');
  return { name: full, unit: ending !== '' && full.endsWith(`_${ending}`) ? ending : '' };
}

function unitWords(unit: string): string[] {
  const [main = '', per = ''] = unit.replaceAll(/\{[^}]*\}/g, '').split('/');
  const [mainWord, perWord] = [word(UNITS, main), word(PER, per)];
  return [...(mainWord ? [mainWord] : []), ...(perWord ? ['per', perWord] : [])];
}

function word(words: Readonly<Record<string, string>>, unit: string): string {
  return words[unit] ?? unit.replaceAll(/[^a-zA-Z0-9]+/g, '_').replaceAll(/^_|_$/g, '');
}

/** A label's name. `le` belongs to histograms; what begins with two underscores to Prometheus. */
export function labelName(attribute: string): string {
  const name = attribute.replaceAll(/[^a-zA-Z0-9]+/g, '_');
  if (name === 'le' || name === 'quantile') return `exported_${name}`;
  return /^[0-9]/.test(name) ? `key_${name}` : name;
}
