// SPDX-License-Identifier: Apache-2.0
import type { Exemplar, HistogramValue } from '../../series/types.ts';
import type { Chunk } from './byte-writer.ts';
import { eachSeries } from './each-series.ts';
import type { Family, Part } from './families.ts';
import type { FamilyWriter } from './format.ts';
import type { LabelCache } from './label-cache.ts';

interface Merged {
  labels: Uint8Array;
  value: number | HistogramValue;
  created: number;
  exemplars: readonly Exemplar[] | undefined;
}

/**
 * Writes a family that several entities have, such as one whose definition changed while it ran: series with the same
 * labels become one, or Prometheus would refuse the scrape.
 */
export function* mergeParts(
  family: Family,
  labelsOf: (part: Part) => LabelCache,
  writer: FamilyWriter,
): Generator<readonly Chunk[]> {
  const merged = new Map<string, Merged>();
  for (const part of family.parts) {
    const cache = labelsOf(part);
    for (const _ of eachSeries(part, (series, labels, value, created, exemplars) => {
      const start = cache.start(series, labels);
      const encoded = cache.bytes.subarray(start, cache.end(series));
      const key = encoded.toString('latin1');
      const known = merged.get(key);
      if (!known) merged.set(key, { labels: Buffer.from(encoded), value: copy(value), created, exemplars });
      else {
        known.value = add(family, known.value, value);
        known.created = Math.min(known.created, created);
        if (exemplars) known.exemplars = [...(known.exemplars ?? []), ...exemplars];
      }
    })) {
      yield [];
    }
  }
  for (const { labels, value, created, exemplars } of merged.values()) {
    const at = { bytes: labels, start: 0, end: labels.length };
    if (typeof value === 'number') writer.number(at, value, created, exemplars);
    else writer.histogram(at, value, created, exemplars);
  }
}

function copy(value: number | HistogramValue): number | HistogramValue {
  return typeof value === 'number' ? value : { ...value, slots: value.slots.slice() };
}

function add({ type, fold }: Family, a: number | HistogramValue, b: number | HistogramValue): number | HistogramValue {
  if (typeof a !== 'number' && typeof b !== 'number') return addHistograms(a, b);
  const [x, y] = [a as number, b as number];
  if (type === 'counter' || fold === 'sum') return x + y;
  if (fold === 'min') return Math.min(x, y);
  return fold === 'max' ? Math.max(x, y) : y;
}

function addHistograms(a: HistogramValue, b: HistogramValue): HistogramValue {
  const isEmpty = b.last === 0;
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    zero: a.zero + b.zero,
    over: a.over + b.over,
    slots: a.slots.map((count, slot) => count + b.slots[slot]!),
    first: isEmpty ? a.first : a.last === 0 ? b.first : Math.min(a.first, b.first),
    last: Math.max(a.last, b.last),
  };
}
