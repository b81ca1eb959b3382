// SPDX-License-Identifier: Apache-2.0
import {
  NO_PROCESS,
  type Emit,
  type EmittedEvent,
  type EmittedSpan,
  type Process,
  type Row,
  type TraceContext,
} from '@sonde/kit/decoder';
import type { DecoderDefinition } from '../types.ts';
import { EntityRows } from './entity-rows.ts';
import { EventRows } from './event-rows.ts';
import { ProcessTable } from './process-table.ts';
import type { Columns } from './protocol.ts';
import { Refusals } from './refusals.ts';
import { SpanRows } from './span-rows.ts';
import { traceIds } from './trace-ids.ts';

/** A row of entity e is e · ENTITY + its number there. */
const ENTITY = 2 ** 24;
/** What `entity` gives for a name that the manifest does not declare. */
const REFUSED_ROW = -1;
const NO_ATTRIBUTES: readonly string[] = [];

interface Entity {
  readonly name: string;
  readonly index: number;
  readonly rows: EntityRows;
  readonly attributes: readonly string[];
  readonly metrics: ReadonlyMap<string, { index: number; type: string }>;
}

/** Checks what a decoder emits against the manifest and gathers it in columns. */
export class Emitter implements Emit {
  readonly refusals = new Refusals();
  readonly processes = new ProcessTable();
  readonly #entities: readonly Entity[];
  readonly #byName: ReadonlyMap<string, Entity>;
  readonly #events: EventRows;
  readonly #spans: SpanRows;

  constructor(definition: Pick<DecoderDefinition, 'entities' | 'events' | 'spans'>) {
    this.#entities = definition.entities.map((entity, index) => ({
      name: entity.name,
      index,
      rows: new EntityRows(index, entity),
      attributes: entity.attributes,
      metrics: new Map(entity.metrics.map(({ name, type }, metric) => [name, { index: metric, type }])),
    }));
    this.#byName = new Map(this.#entities.map((entity) => [entity.name, entity]));
    this.#events = new EventRows(definition.events, this.refusals);
    this.#spans = new SpanRows(definition.spans, this.refusals);
  }

  process(view: DataView, offset: number): Process {
    return this.processes.intern(view, offset);
  }

  entity(name: string, process: Process, attributes: readonly string[] = NO_ATTRIBUTES): Row {
    const entity = this.#byName.get(name);
    if (entity === undefined) return this.#undeclaredEntity(name);
    if (attributes.length !== entity.attributes.length) return this.#wrongAttributes(entity, attributes);
    const row = entity.rows.find(process, attributes);
    if (row >= 0) return entity.index * ENTITY + row;
    if (process !== NO_PROCESS && !this.processes.has(process)) return this.#unknownProcess(entity, process);
    return entity.index * ENTITY + entity.rows.insert(process, attributes.map(String));
  }

  add(row: Row, metric: string, delta: number, trace?: TraceContext): void {
    const entity = this.#entityOf(row);
    if (entity === undefined) return;
    const declared = entity.metrics.get(metric);
    if (declared === undefined) return this.#undeclaredMetric(entity, metric);
    const isSum = declared.type === 'counter' || declared.type === 'updowncounter';
    if (isSum && isFinite(delta) && (delta >= 0 || declared.type === 'updowncounter')) {
      entity.rows.add(row % ENTITY, declared.index, delta);
      if (trace && declared.type === 'counter') this.#exemplar(entity, row, declared.index, delta, trace);
      return;
    }
    this.refusals.invalid(`cannot add ${sign(delta)} to the ${declared.type} '${metric}' of '${entity.name}'`);
  }

  set(row: Row, metric: string, value: number): void {
    const entity = this.#entityOf(row);
    if (entity === undefined) return;
    const declared = entity.metrics.get(metric);
    if (declared === undefined) return this.#undeclaredMetric(entity, metric);
    if (declared.type === 'gauge' && isFinite(value)) return entity.rows.set(row % ENTITY, declared.index, value);
    this.refusals.invalid(`cannot set the ${declared.type} '${metric}' of '${entity.name}' to ${sign(value)}`);
  }

  observe(row: Row, metric: string, value: number, weight = 1, trace?: TraceContext): void {
    const entity = this.#entityOf(row);
    if (entity === undefined) return;
    const declared = entity.metrics.get(metric);
    if (declared === undefined) return this.#undeclaredMetric(entity, metric);
    if (declared.type === 'histogram' && value >= 0 && value < Infinity && weight >= 0 && weight < Infinity) {
      entity.rows.observe(row % ENTITY, declared.index, value, weight);
      if (trace) this.#exemplar(entity, row, declared.index, value, trace);
      return;
    }
    this.refusals.invalid(`the ${declared.type} '${metric}' of '${entity.name}' cannot observe ${sign(value)}`);
  }

  end(row: Row): void {
    this.#entityOf(row)?.rows.end(row % ENTITY);
  }

  event(name: string, event: EmittedEvent): void {
    this.#events.push(name, event);
  }

  span(name: string, span: EmittedSpan): void {
    this.#spans.push(name, span);
  }

  /** Ends the call: takes what it emitted. */
  take(): Columns | undefined {
    const entities = this.#entities.map(({ rows }) => rows.take()).filter((columns) => columns !== undefined);
    const events = this.#events.take();
    const spans = this.#spans.take();
    const processes = this.processes.takeAdded();
    if (entities.length === 0 && !events && !spans && processes.length === 0) return undefined;
    return { processes, entities, ...(events && { events }), ...(spans && { spans }) };
  }

  #exemplar(entity: Entity, row: Row, metric: number, value: number, trace: TraceContext): void {
    const ids = traceIds(trace);
    if (ids) return entity.rows.exemplar({ row: row % ENTITY, metric, value, ...ids });
    this.refusals.say(`a trace given for '${entity.name}' has ids other than 32 and 16 hexadecimal digits`);
  }

  #entityOf(row: Row): Entity | undefined {
    const entity = this.#entities[Math.floor(row / ENTITY)];
    if (entity?.rows.owns(row % ENTITY)) return entity;
    if (row === REFUSED_ROW) this.refusals.undeclared('what was emitted for a refused entity is lost');
    else this.refusals.invalid('a row was used after the call that it was made for');
    return undefined;
  }

  #undeclaredEntity(name: string): Row {
    this.refusals.say(`entity '${name}' is not declared in the manifest with \`source: { decoder: true }\``);
    return REFUSED_ROW;
  }

  #wrongAttributes(entity: Entity, attributes: readonly string[]): Row {
    const declared = `${entity.attributes.length} attributes (${entity.attributes.join(', ')})`;
    this.refusals.say(`entity '${entity.name}' has ${declared}, ${attributes.length} were given`);
    return REFUSED_ROW;
  }

  #unknownProcess(entity: Entity, process: Process): Row {
    this.refusals.say(`entity '${entity.name}' was asked for process ${process}, which has ended or never was`);
    return REFUSED_ROW;
  }

  #undeclaredMetric(entity: Entity, metric: string): void {
    this.refusals.undeclared(`metric '${metric}' is not declared for entity '${entity.name}'`);
  }
}

/** For messages that are told once each: not the number itself. */
function sign(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return value < 0 ? 'a negative number' : 'a number';
}
