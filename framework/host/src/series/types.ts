// SPDX-License-Identifier: Apache-2.0
import type { IdentityId } from '../identity/types.ts';

/** What several processes live in that has an end of its own: a container. */
export interface Group {
  readonly ended: boolean;
}

export type MetricType = 'counter' | 'updowncounter' | 'gauge' | 'histogram';
export type GaugeFold = 'sum' | 'min' | 'max' | 'last';

/**
 * Base-2 exponential buckets, upper-inclusive: slot i takes (2^((offset + i) / 2^scale), 2^((offset + i + 1) /
 * 2^scale)], in the metric's unit. What is at or under the lower edge of slot 0 counts as zero, what is over the last
 * slot as over.
 */
export interface HistogramRange {
  scale: number;
  offset: number;
  slots: number;
  /** Multiplier that takes the recorded sum to the metric's unit (1e-9: recorded in ns, unit s). Default 1. */
  sumScale?: number;
}

/** The kit's default range: 2^-20 s (about 1 µs) to 2^6 s; sums in nanoseconds. */
export const TIME_RANGE: HistogramRange = { scale: 2, offset: -80, slots: 104, sumScale: 1e-9 };

export interface MetricDefinition {
  /** OpenTelemetry name, e.g. `tcp.sent`. */
  name: string;
  type: MetricType;
  /** UCUM, a base unit: `s`, `By`, `1`, `{connection}`; '' = none. */
  unit: string;
  help: string;
  /** Gauges: how several become one when labels are dropped. Default `last`. */
  fold?: GaugeFold;
  /** Histograms; default {@link TIME_RANGE}. */
  histogram?: HistogramRange;
  /** Multiplier that takes a recorded number to the metric's unit (1e-9: recorded in ns, unit s). Default 1. */
  scale?: number;
}

/** What a series is about: `tcp.link` of probe `tcp`. */
export interface EntityDefinition {
  probe: string;
  name: string;
  /** The entity's own attributes, by their OpenTelemetry names; a row gives its values in this order. */
  attributes: readonly string[];
  metrics: readonly MetricDefinition[];
  /**
   * The attributes together name something with an end of its own, such as a connection, so that its series goes
   * `retention` after its last row has ended. Without it, only a series whose labels name a process is forgotten.
   */
  mortal?: boolean;
}

/** Observations of one histogram since the last time, in the recorded unit. */
export interface HistogramDelta {
  zero: number;
  over: number;
  sum: number;
  /** Counts of slots `from`, `from + 1`, …; what is beyond is zero. */
  slots: ArrayLike<number>;
  from: number;
}

/** One observation, and the span that it was made in. */
export interface Exemplar {
  readonly value: number;
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits. */
  readonly spanId: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** The exemplars of one metric by series, in the metric's unit. Most series have none. */
export type ExemplarColumn = ReadonlyMap<number, readonly Exemplar[]>;

/**
 * The rows of one entity. All that comes in is a difference; the views add up. Nothing here waits or throws, so that
 * it can be called for a hundred thousand rows; a counter's difference that is negative or not a number is not added
 * but counted as loss (stage `series`, cause `invalid`).
 */
export interface EntityTable {
  readonly definition: EntityDefinition;
  /**
   * A row of its own for one source entry, such as the key of a kernel map. It lasts until `end(row)`, beyond the end
   * of its process: the source must call `end` once the entry is gone. Several rows may have the same labels; views
   * fold them.
   */
  open(identity: IdentityId, attributes: readonly string[]): number;
  /**
   * The row shared by all who name the same identity and attributes ('' = absent), for sources without entries (rings,
   * decoders). It is freed by itself some time after its process ended, so ask again for each batch.
   */
  row(identity: IdentityId, attributes: readonly string[]): number;
  /**
   * Adds to a counter or updowncounter (`metric` is its index in the definition). A first 0 makes the series visible.
   */
  add(row: number, metric: number, delta: number): void;
  /** Sets a gauge; NaN takes it away. */
  set(row: number, metric: number, value: number): void;
  addHistogram(row: number, metric: number, delta: HistogramDelta): void;
  /**
   * Keeps an observation that was added already, its value in the recorded unit. Of a counter's series the newest
   * stays, of a histogram's the newest in each octave; series that have had none for longest lose theirs when there
   * are too many.
   */
  addExemplar(row: number, metric: number, exemplar: Exemplar): void;
  /**
   * The source entry is gone for good: its gauges vanish, its totals stay in the views. The row must not be used
   * again.
   */
  end(row: number): void;
  /** Ends every row, as when a probe stops. */
  endAll(): void;
  /** The row of the overflow series: for what a full kernel map could give no key. */
  readonly overflow: number;
  /** Rows in use, the overflow row not counted. */
  readonly size: number;
}

/** `all`, or OpenTelemetry attribute names; what an entity does not have is absent. */
export type LabelChoice = 'all' | readonly string[];

export interface LabelSpec {
  /** Which identity attributes (process, container, pod, node) become labels. */
  identity: LabelChoice;
  /** Which of the entities' own attributes do. Default `all`. */
  attributes?: LabelChoice;
  /** Labels with the same value on every series. */
  constants?: Readonly<Record<string, string>>;
}

/** One step that label sets go through; see `RelabelRule` in the schema of sonde.yaml. */
export interface RelabelStep {
  readonly action: 'keep' | 'drop' | 'replace';
  /** Attributes, chosen as labels or not, whose values joined by `;` are held against `regex` as a whole. */
  readonly from: readonly string[];
  readonly regex?: string;
  readonly to?: string;
  readonly value?: string;
  /** Only for series of these probes. */
  readonly probes?: readonly string[];
}

/** A choice of labels. Readers with an equal one share a view. */
export interface ViewSpec extends LabelSpec {
  /** What is left out, and labels that are written, in this order. */
  relabel?: readonly RelabelStep[];
  /** What a probe chooses otherwise. */
  probes?: Readonly<Record<string, Partial<LabelSpec>>>;
}

/** The labels of one series; the same object for as long as the series lives. */
export interface LabelSet {
  readonly names: readonly string[];
  /** Aligned with `names`; '' = absent. */
  readonly values: readonly (string | number)[];
  /** How many of the first are identity attributes (an OTLP Resource); the rest are the entity's own. */
  readonly identity: number;
}

/** One histogram, filled in by {@link HistogramColumn.read}; used again for the next. */
export interface HistogramValue {
  count: number;
  /** In the metric's unit. */
  sum: number;
  zero: number;
  over: number;
  slots: Float64Array;
  /** Used slots lie in [first, last); both 0 if there are none. */
  first: number;
  last: number;
}

export interface HistogramColumn {
  readonly range: Required<HistogramRange>;
  /**
   * False where the series has no such histogram; `into` is then untouched. `into` comes from `emptyHistogram(range)`.
   */
  read(series: number, into: HistogramValue): boolean;
}

/** The series of one entity at one moment. Free places in `labels` are undefined. */
export interface TableSnapshot {
  readonly definition: EntityDefinition;
  /** Series are 0 … size − 1. Number 0 is the overflow series, with the label `otel.metric.overflow`. */
  readonly size: number;
  readonly labels: readonly (LabelSet | undefined)[];
  /** Milliseconds since 1970 at which the series began to count. */
  readonly created: Float64Array;
  /** The identity it was last resolved from; 0 = none. */
  readonly identities: Uint32Array;
  /**
   * 1 = what it names has ended. 2 = it has, and the reader has acknowledged all of it; it is only there because another
   * reader has not.
   */
  readonly ended: Uint8Array;
  /** By metric, in base units: numbers by series (NaN = absent), or a histogram column. */
  readonly metrics: readonly (Float64Array | HistogramColumn)[];
  /** By metric; undefined (or beyond the end) where there are none. */
  readonly exemplars: readonly (ExemplarColumn | undefined)[];
}

/** All series of a view at one moment: a copy, unaffected by what is added later. */
export interface ViewSnapshot {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Place in the order of changes, for {@link ViewReader.acknowledge}. */
  readonly stamp: number;
  readonly tables: readonly TableSnapshot[];
}

/** One who reads a view. */
export interface ViewReader {
  readonly spec: ViewSpec;
  snapshot(): ViewSnapshot;
  /**
   * For a reader that acknowledges: this snapshot was delivered. A series that has ended and did not change since is
   * forgotten once every such reader has said so (and, where others read the view too, after `retention`).
   */
  acknowledge(snapshot: ViewSnapshot): void;
  /** The view goes with its last reader. */
  close(): void;
}

export interface View {
  readonly spec: ViewSpec;
  /** @param acknowledges It says what it delivered (push); else it sees ended series for `retention` (pull). */
  reader(options?: { acknowledges?: boolean }): ViewReader;
}

/** What a probe takes a snapshot of: adds all differences to its tables before it resolves. */
export type SnapshotSource = () => Promise<void>;

export interface LossRow {
  probe: string;
  stage: string;
  cause: string;
  sink?: string;
  count: number;
}

/** `sonde_loss_total{probe,stage,cause,sink}`: what reached no series and no record. Never falls. */
export interface LossLedger {
  /** Makes the count visible at 0. */
  declare(probe: string, stage: string, cause: string, sink?: string): void;
  add(probe: string, stage: string, cause: string, n: number, sink?: string): void;
  /** What was declared or added for one probe, or all. */
  rows(probe?: string): LossRow[];
}

/** `sonde_overflow_total{probe}`: what lost its labels but not its place in the sum. Never falls. */
export interface OverflowLedger {
  declare(probe: string): void;
  add(probe: string, n: number): void;
  count(probe: string): number;
}

export interface SeriesOptions {
  /** Most series (label sets) of one probe in one view. Default 10 000. */
  budget?: number;
  /** How long a pull reader still sees a series whose labels name something that ended, ms. Default 5 min. */
  retention?: number;
  /** Longest time between two snapshots, ms. Default 10 s. */
  interval?: number;
  /** A series that did not change for so long may be demoted when the budget is used up, ms. Default 1 min. */
  idle?: number;
  /** How long a refresh waits for one source, ms; then it goes on without. Default 5 s. */
  sourceTimeout?: number;
  /** The container of a process: with it ends what its series' labels name. Default: none has one. */
  groupOf?: (process: IdentityId) => Group | undefined;
}

/** Deltas in, totals by label set out. */
export interface SeriesStore {
  readonly loss: LossLedger;
  readonly overflow: OverflowLedger;
  /**
   * The table of an entity. The same (probe, name) again (a reload) continues the same table; with other attributes or
   * metrics, the totals so far stay beside those of the new one.
   *
   * @throws SONDE_SERIES_CONFLICT if another entity has a metric of that name with another type or unit, or if two
   * attributes
   *   differ only in punctuation
   */
  define(definition: EntityDefinition): EntityTable;
  /** The view with these labels. Totals begin when its first reader does, so open readers before probes start. */
  view(spec: ViewSpec): View;
  /** Registers what a refresh asks; returns what takes it away again. */
  addSource(probe: string, source: SnapshotSource): () => void;
  /**
   * Asks every source, unless that began less than 1 s ago. Never rejects: a source that fails or hangs is reported to
   * `onSourceFailed`. Resolves to the number of the round, the same for all who share it.
   */
  refresh(): Promise<number>;
  /** Called with what a source threw, or SONDE_SERIES_SOURCE_TIMEOUT. */
  onSourceFailed(listener: (probe: string, error: unknown) => void): void;
  setBudget(probe: string, series: number | undefined): void;
  /** Series of a probe in the view where it has most. */
  seriesCount(probe: string): number;
  /** Refreshes by itself every `interval` from now on. */
  start(): void;
  close(): void;
}
