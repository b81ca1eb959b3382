// SPDX-License-Identifier: Apache-2.0
import { emptyHistogram } from '../../series/index.ts';
import type { HistogramColumn, HistogramValue, TableSnapshot, ViewSnapshot } from '../../series/types.ts';

/** What delta temporality needs to know of the export before. */
export interface Difference {
  /** Milliseconds since 1970 at which the difference of a series begins. */
  start(series: number): number;
  /** Whether the series is new, so that it is reported even at 0. */
  isNew(series: number): boolean;
  number(metric: number, series: number, value: number): number;
  /** Takes what was counted before away from `value`. */
  histogram(metric: number, series: number, value: HistogramValue): void;
}

/** Number 0 takes in the totals of series that had to go. */
const OVERFLOW = 0;

/** Of a table to the same table in an earlier snapshot, if there is one. */
export function differences(table: TableSnapshot, since: ViewSnapshot | undefined): Difference {
  const earlier = since?.tables.find(({ definition }) => definition === table.definition);
  if (!since || !earlier) return fromNothing(table);
  const demoted = demotedSeries(table, earlier);
  const isKnown = (series: number): boolean =>
    earlier.labels[series] !== undefined && earlier.labels[series] === table.labels[series];
  /** The places in the earlier snapshot whose totals are in this series now. */
  const places = (series: number): readonly number[] => {
    const own = isKnown(series) ? [series] : [];
    return series === OVERFLOW ? [...own, ...demoted] : own;
  };
  const scratch = earlier.metrics.map((column) =>
    column instanceof Float64Array ? undefined : emptyHistogram(column.range),
  );
  return {
    start: (series) => (isKnown(series) ? since.time : table.created[series]!),
    isNew: (series) => !isKnown(series),
    number(metric, series, value) {
      const before = earlier.metrics[metric] as Float64Array;
      if (series !== OVERFLOW) return isKnown(series) ? value - (before[series]! || 0) : value;
      return places(series).reduce((rest, place) => rest - (before[place]! || 0), value);
    },
    histogram(metric, series, value) {
      const before = earlier.metrics[metric] as HistogramColumn;
      for (const place of places(series)) if (before.read(place, scratch[metric]!)) subtract(value, scratch[metric]!);
    },
  };
}

/** Everything is new. */
function fromNothing(table: TableSnapshot): Difference {
  return {
    start: (series) => table.created[series]!,
    isNew: () => true,
    number: (_, __, value) => value,
    histogram: () => {},
  };
}

/**
 * Series that lived and are gone: the budget has added them to the overflow series. One that ended is forgotten
 * instead.
 */
function demotedSeries(table: TableSnapshot, earlier: TableSnapshot): number[] {
  if (!table.labels[OVERFLOW]) return [];
  const isDemoted = (series: number): boolean =>
    earlier.labels[series] !== undefined &&
    earlier.labels[series] !== table.labels[series] &&
    earlier.ended[series] === 0;
  return Array.from({ length: earlier.size - 1 }, (_, index) => index + 1).filter(isDemoted);
}

function subtract(from: HistogramValue, what: HistogramValue): void {
  from.count -= what.count;
  from.sum -= what.sum;
  from.zero -= what.zero;
  from.over -= what.over;
  for (let slot = what.first; slot < what.last; slot++) from.slots[slot]! -= what.slots[slot]!;
}
