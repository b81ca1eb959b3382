// SPDX-License-Identifier: Apache-2.0
import { emptyHistogram } from '../../series/index.ts';
import type { Exemplar, HistogramValue, LabelSet } from '../../series/types.ts';
import type { Part } from './families.ts';

/** Series between two pauses: well under a millisecond. A histogram is thirty lines. */
const NUMBERS_PER_STEP = 128;
const HISTOGRAMS_PER_STEP = 8;

export type SeriesVisitor = (
  series: number,
  labels: LabelSet,
  /** A histogram is used again for the next series. */
  value: number | HistogramValue,
  created: number,
  exemplars: readonly Exemplar[] | undefined,
) => void;

/** Visits every series that has the metric, pausing now and then. */
export function* eachSeries({ table, metric }: Part, visit: SeriesVisitor): Generator<void> {
  const column = table.metrics[metric]!;
  const histogram = column instanceof Float64Array ? undefined : emptyHistogram(column.range);
  const exemplars = table.exemplars[metric];
  const step = histogram ? HISTOGRAMS_PER_STEP : NUMBERS_PER_STEP;
  for (let series = 0; series < table.size; series++) {
    if (series % step === step - 1) yield;
    const labels = table.labels[series];
    if (!labels) continue;
    if (column instanceof Float64Array) {
      const value = column[series]!;
      if (!Number.isNaN(value)) visit(series, labels, value, table.created[series]!, exemplars?.get(series));
    } else if (column.read(series, histogram!)) {
      visit(series, labels, histogram!, table.created[series]!, exemplars?.get(series));
    }
  }
}
