// SPDX-License-Identifier: Apache-2.0
import { emptyHistogram } from '../series/index.ts';
import type { HistogramColumn, HistogramValue, LabelSet, TableSnapshot } from '../series/types.ts';
import { Alarm, type AlarmState } from './alarm.ts';
import { CounterWindow } from './counter-window.ts';
import { HistogramWindow } from './histogram-window.ts';
import type { Bound, TimedRule } from './timed-rule.ts';

/** What a rule has to say of one series. */
export interface Verdict {
  readonly state: AlarmState;
  readonly labels: LabelSet;
  /** NaN if the series is gone. */
  readonly value: number;
  /** The process that the series was last resolved from; 0 = none, or the series is gone. */
  readonly identity: number;
}

/** What is remembered of one series. */
interface Watched {
  alarm: Alarm;
  window: CounterWindow | HistogramWindow | undefined;
}

const SHARES = { p50: 0.5, p90: 0.9, p99: 0.99 } as const;

/** One rule over the series of one entity. */
export class WatchedTable {
  readonly #rule: TimedRule;
  readonly #bound: Bound;
  readonly #metric: number;
  #series = new Map<LabelSet, Watched>();
  /** When the rule first looked; a series that comes later was not there before. */
  #began: number | undefined;
  #read: HistogramValue | undefined;

  /** @param metric its index in the entity's definition */
  constructor(rule: TimedRule, bound: Bound, metric: number) {
    this.#rule = rule;
    this.#bound = bound;
    this.#metric = metric;
  }

  /** Looks at the series of now, and says what has changed. */
  *look({ labels, metrics, identities, size }: TableSnapshot, time: number): Iterable<Verdict> {
    const seen = new Map<LabelSet, Watched>();
    const column = metrics[this.#metric]!;
    for (let series = 0; series < size; series++) {
      const set = labels[series];
      if (!set || !this.#matches(set)) continue;
      const watched = this.#series.get(set) ?? { alarm: new Alarm(this.#rule, this.#bound), window: undefined };
      seen.set(set, watched);
      const value = this.#value(watched, column, series, time);
      const state = watched.alarm.update(value, time);
      if (state) yield { state, labels: set, value, identity: identities[series]! };
    }
    const gone = [...this.#series].filter(([set]) => !seen.has(set));
    this.#series = seen;
    this.#began ??= time;
    yield* gone.flatMap(([set, { alarm }]) => (alarm.isFiring ? [goneWith(set)] : []));
  }

  /** The rule ends: what fires is resolved. */
  close(): Verdict[] {
    return [...this.#series].filter(([, { alarm }]) => alarm.isFiring).map(([set]) => goneWith(set));
  }

  #matches({ names, values }: LabelSet): boolean {
    return this.#rule.match.every(([label, matches]) => {
      const at = names.indexOf(label);
      return matches(at < 0 ? '' : String(values[at]));
    });
  }

  #value(watched: Watched, column: Float64Array | HistogramColumn, series: number, time: number): number {
    const since = time - this.#rule.window;
    if (column instanceof Float64Array) {
      const value = column[series]!;
      if (this.#bound.statistic === 'value' || Number.isNaN(value)) return value;
      return this.#rate(watched, value, time, since);
    }
    const total = (this.#read ??= emptyHistogram(column.range));
    if (!column.read(series, total)) return NaN;
    const known =
      this.#began === undefined ? new HistogramWindow(column.range, total) : new HistogramWindow(column.range);
    const window = (watched.window ??= known) as HistogramWindow;
    window.add(total, time, since);
    const { statistic } = this.#bound;
    return statistic === 'mean' ? window.mean : window.quantile(SHARES[statistic as keyof typeof SHARES]);
  }

  #rate(watched: Watched, total: number, time: number, since: number): number {
    if (watched.window === undefined && this.#began === undefined) {
      watched.window = new CounterWindow(time, total);
      return NaN;
    }
    const window = (watched.window ??= new CounterWindow(Math.max(this.#began!, since), 0)) as CounterWindow;
    window.add(total, time, since);
    return window.rate;
  }
}

function goneWith(labels: LabelSet): Verdict {
  return { state: 'resolved', labels, value: NaN, identity: 0 };
}
