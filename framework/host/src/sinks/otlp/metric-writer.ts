// SPDX-License-Identifier: Apache-2.0
import type { Labels } from '../../identity/types.ts';
import type { LabelSet, MetricDefinition, TableSnapshot } from '../../series/types.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import type { Chunk, MetricExport } from '../push/index.ts';
import { resourceOf, writeAttribute } from './attributes.ts';
import { DATA, METRIC, OF_SCOPE, RESOURCE, TEMPORALITY } from './fields.ts';
import { differences } from './differences.ts';
import { pointWriter, type PointWriter } from './point-writer.ts';
import { RequestWriter } from './request-writer.ts';
import { seriesByResource, type Run } from './series-by-resource.ts';

/** Points between two pauses. */
const POINTS_PER_STEP = 64;

export interface MetricWriterOptions {
  temporality: 'cumulative' | 'delta';
  /** Labels of the host itself: the Resource of series that are of no process. */
  host(): Labels;
}

/** All series of an interval, a Resource for each process, container or host, in requests of a bounded size. */
export function* metricChunks(
  exported: MetricExport,
  options: MetricWriterOptions,
): Generator<Chunk<Buffer> | undefined> {
  const writer = new RequestWriter();
  const tables = new Map<TableSnapshot, TableWriter>();
  const hostResource = resourceOf(options.host());
  let resource = hostResource;
  for (const run of seriesByResource(exported.snapshot)) {
    if (!run) {
      yield undefined;
      continue;
    }
    if (run.isFirst) resource = run.resource ? identityOf(run.resource) : hostResource;
    let table = tables.get(run.table);
    if (!table) tables.set(run.table, (table = new TableWriter(writer, run.table, exported, options)));
    yield* table.write(run, resource);
  }
  yield writer.take();
}

/** The content of a `Resource`. */
function identityOf({ names, values, identity }: LabelSet): Buffer {
  const writer = new ProtoWriter();
  for (let i = 0; i < identity; i++) writeAttribute(writer, RESOURCE.attributes, names[i]!, values[i]!);
  return writer.take();
}

/** Writes the series of one table. */
class TableWriter {
  readonly #writer: RequestWriter;
  readonly #table: TableSnapshot;
  readonly #metrics: readonly MetricWriter[];

  constructor(
    writer: RequestWriter,
    table: TableSnapshot,
    { snapshot, since }: MetricExport,
    options: MetricWriterOptions,
  ) {
    this.#writer = writer;
    this.#table = table;
    const difference = options.temporality === 'delta' ? differences(table, since) : undefined;
    this.#metrics = table.definition.metrics.map((metric, index) => {
      const isDelta = difference !== undefined && (metric.type === 'counter' || metric.type === 'histogram');
      return new MetricWriter(
        metric,
        pointWriter(table, index, snapshot.time, isDelta ? difference : undefined),
        isDelta,
      );
    });
  }

  /** Series by series as many as there is room for, and of these metric by metric. */
  *write({ series }: Run, resource: Buffer): Generator<Chunk<Buffer> | undefined> {
    const { probe } = this.#table.definition;
    for (let at = 0; at < series.length;) {
      if (this.#writer.room < this.#metrics.length) yield this.#writer.take();
      const size = Math.max(1, Math.floor(this.#writer.room / this.#metrics.length));
      this.#writer.enter(resource, probe);
      for (const metric of this.#metrics) {
        let points = 0;
        for (const isPoint of metric.write(this.#writer.out, series.subarray(at, at + size))) {
          if (isPoint) points++;
          else yield undefined;
        }
        this.#writer.count(probe, points);
      }
      at += size;
      if (this.#writer.isFull) yield this.#writer.take();
    }
  }
}

/** Writes points of one metric. */
class MetricWriter {
  readonly #head: Buffer;
  readonly #points: PointWriter;
  readonly #field: number;
  readonly #temporality: number | undefined;
  readonly #isMonotonic: boolean;

  constructor({ name, help, unit, type }: MetricDefinition, points: PointWriter, isDelta: boolean) {
    const head = new ProtoWriter();
    head.string(METRIC.name, name);
    if (help !== '') head.string(METRIC.description, help);
    if (unit !== '') head.string(METRIC.unit, unit);
    this.#head = head.take();
    this.#points = points;
    this.#field = {
      gauge: METRIC.gauge,
      histogram: METRIC.exponentialHistogram,
      counter: METRIC.sum,
      updowncounter: METRIC.sum,
    }[type];
    if (type !== 'gauge') this.#temporality = isDelta ? TEMPORALITY.delta : TEMPORALITY.cumulative;
    this.#isMonotonic = type === 'counter';
  }

  /**
   * Writes a `Metric` with the points of these series, or nothing if they have none. Yields true for a point, false for
   * a pause.
   */
  *write(to: ProtoWriter, series: Uint32Array): Generator<boolean> {
    const before = to.length;
    const metric = to.open(OF_SCOPE.records);
    to.raw(this.#head, 0, this.#head.length);
    const data = to.open(this.#field);
    let points = 0;
    for (let i = 0; i < series.length; i++) {
      if (this.#points(to, DATA.points, series[i]!)) {
        points++;
        yield true;
      }
      if (i % POINTS_PER_STEP === POINTS_PER_STEP - 1) yield false;
    }
    if (this.#temporality !== undefined) to.uint(DATA.temporality, this.#temporality);
    if (this.#isMonotonic) to.uint(DATA.isMonotonic, 1);
    to.close(data);
    to.close(metric);
    if (points === 0) to.length = before;
  }
}
