// SPDX-License-Identifier: Apache-2.0
import { TIME_RANGE, type EntityTable } from '../series/types.ts';
import type { DecoderDefinition, DecoderServices } from './types.ts';
import {
  HISTOGRAM_HEAD,
  type Columns,
  type EntityColumns,
  type EventColumns,
  type ExemplarRow,
  type SpanColumns,
} from './worker/protocol.ts';

interface Process {
  readonly tgid: number;
  readonly execId: number;
  readonly start: number;
}

interface Row {
  /** Absent for a row that belongs to no process. */
  readonly process?: Process;
  readonly attributes: readonly string[];
}

type Declared = Pick<DecoderDefinition, 'probe' | 'entities' | 'events' | 'spans'>;
type ColumnServices = Omit<DecoderServices, 'loss'>;

/**
 * Adds what one worker emitted to the tables and the event bus. It knows the worker's numbers for processes and rows.
 */
export class ColumnReader {
  readonly #definition: Declared;
  readonly #services: ColumnServices;
  readonly #processes = new Map<number, Process>();
  readonly #numberOf = new Map<number, number>();
  readonly #rows: Row[][];
  #ended: number[] = [];

  constructor(definition: Declared, services: ColumnServices) {
    this.#definition = definition;
    this.#services = services;
    this.#rows = definition.entities.map(() => []);
    services.identity.on('ended', this.#onEnded);
  }

  apply(columns: Columns): void {
    this.#learn(columns.processes);
    for (const entity of columns.entities) this.#applyEntity(entity, this.#services.tables[entity.entity]!);
    if (columns.events) this.#applyEvents(columns.events);
    if (columns.spans) this.#applySpans(columns.spans);
  }

  /** The worker's numbers of processes that have ended since the last call. */
  takeEnded(): number[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  /** The worker has heard that these ended, and will not speak of them again. */
  forget(numbers: readonly number[]): void {
    for (const number of numbers) this.#processes.delete(number);
  }

  close(): void {
    this.#services.identity.off('ended', this.#onEnded);
  }

  readonly #onEnded = (id: number): void => {
    const number = this.#numberOf.get(id);
    if (number === undefined) return;
    this.#numberOf.delete(id);
    this.#ended.push(number);
  };

  #learn(added: Float64Array): void {
    // Their labels must be known before their first series is made.
    if (added.length > 0) this.#services.identity.settle();
    for (let i = 0; i < added.length; i += 4) {
      const number = added[i]!;
      const process = { tgid: added[i + 1]!, execId: added[i + 2]!, start: added[i + 3]! };
      const id = this.#identify(process);
      this.#processes.set(number, process);
      this.#numberOf.set(id, number);
      if (this.#services.identity.ended(id)) this.#onEnded(id);
    }
  }

  #identify(process: Process | undefined): number {
    return process ? this.#services.identity.process(process.tgid, process.execId, process.start) : 0;
  }

  #applyEntity(columns: EntityColumns, table: EntityTable): void {
    const { metrics, attributes } = this.#definition.entities[columns.entity]!;
    const rows = this.#learnRows(columns, attributes.length);
    const tableRows = new Map<number, number>();
    let at = 0;
    for (const number of columns.rows) {
      const row = rows[number]!;
      const tableRow = table.row(this.#identify(row.process), row.attributes);
      tableRows.set(number, tableRow);
      for (let metric = 0; metric < metrics.length; metric++) {
        const value = columns.scalars[at++]!;
        if (Number.isNaN(value)) continue;
        if (metrics[metric]!.type === 'gauge') table.set(tableRow, metric, value);
        else table.add(tableRow, metric, value);
      }
    }
    this.#applyHistograms(columns, table, tableRows);
    if (columns.exemplars) addExemplars(columns.exemplars, table, tableRows);
    for (const number of columns.ended) table.end(tableRows.get(number)!);
  }

  #learnRows(columns: EntityColumns, width: number): Row[] {
    const rows = this.#rows[columns.entity]!;
    rows.length = columns.firstRow;
    columns.rowProcess.forEach((number, i) => {
      const process = this.#processes.get(number);
      rows.push({ ...(process && { process }), attributes: columns.rowAttributes.slice(i * width, (i + 1) * width) });
    });
    return rows;
  }

  #applyHistograms(columns: EntityColumns, table: EntityTable, tableRows: ReadonlyMap<number, number>): void {
    const { metrics } = this.#definition.entities[columns.entity]!;
    let at = 0;
    for (let i = 0; i < columns.histograms.length; i += 2) {
      const metric = columns.histograms[i + 1]!;
      const end = at + HISTOGRAM_HEAD + (metrics[metric]!.histogram ?? TIME_RANGE).slots;
      const [sum, zero, over] = columns.buckets.subarray(at, at + HISTOGRAM_HEAD) as unknown as [
        number,
        number,
        number,
      ];
      const slots = columns.buckets.subarray(at + HISTOGRAM_HEAD, end);
      table.addHistogram(tableRows.get(columns.histograms[i]!)!, metric, { sum, zero, over, slots, from: 0 });
      at = end;
    }
  }

  #applyEvents(columns: EventColumns): void {
    const { probe, events } = this.#definition;
    const offset = this.#services.clockOffset();
    columns.kinds.forEach((kind, i) => {
      const event = events[kind]!;
      const body = columns.bodies[i] ?? event.body;
      this.#services.emit({
        probe,
        name: event.name,
        time: columns.times[i]! + offset,
        severity: columns.severities[i] ?? event.severity,
        ...(body !== undefined && { body }),
        identity: this.#identify(this.#processes.get(columns.processes[i]!)),
        attributes: columns.attributes[i]!,
        weight: columns.weights[i]!,
      });
    });
  }

  #applySpans(columns: SpanColumns): void {
    const { probe, spans } = this.#definition;
    const offset = this.#services.clockOffset();
    columns.kinds.forEach((index, i) => {
      const { name, kind } = spans[index]!;
      const [parentSpanId, error] = [columns.parentSpanIds[i], columns.errors[i]];
      this.#services.emitSpan({
        probe,
        name: columns.names[i] ?? name,
        traceId: columns.traceIds[i]!,
        spanId: columns.spanIds[i]!,
        ...(parentSpanId !== undefined && { parentSpanId }),
        kind,
        start: columns.starts[i]! + offset,
        end: columns.ends[i]! + offset,
        ...(error !== undefined && { error }),
        identity: this.#identify(this.#processes.get(columns.processes[i]!)),
        attributes: columns.attributes[i]!,
        weight: columns.weights[i]!,
      });
    });
  }
}

function addExemplars(
  exemplars: readonly ExemplarRow[],
  table: EntityTable,
  tableRows: ReadonlyMap<number, number>,
): void {
  const time = Date.now();
  for (const { row, metric, value, traceId, spanId } of exemplars) {
    table.addExemplar(tableRows.get(row)!, metric, { value, traceId, spanId, time });
  }
}
