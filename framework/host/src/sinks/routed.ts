// SPDX-License-Identifier: Apache-2.0
import type { Outlet } from '../events/index.ts';
import type { EntityDefinition, SeriesStore, TableSnapshot, ViewReader, ViewSnapshot } from '../series/types.ts';
import type { Selection } from './selection.ts';

/** The part of the store that sinks see. */
export type SeriesOutlet = Pick<SeriesStore, 'view' | 'refresh' | 'loss'>;

/** A store of which a sink sees only the metrics it is to have. */
export function routedStore(store: SeriesOutlet, wants: Selection['metrics']): SeriesOutlet {
  return {
    loss: store.loss,
    refresh: () => store.refresh(),
    view(spec) {
      const view = store.view(spec);
      return { spec: view.spec, reader: (options) => routedReader(view.reader(options), wants) };
    },
  };
}

/** A bus of which a sink gets only the records it is to have. */
export function routedOutlet<Kind extends { readonly probe: string; readonly name: string }>(
  outlet: Outlet<Kind>,
  wants: Selection['events'],
): Outlet<Kind> {
  return {
    subscribe: (sink, consumer, options) =>
      outlet.subscribe(sink, consumer, { ...options, wants: ({ probe, name }) => wants(probe, name) }),
  };
}

/** What remains of a definition: the same object each time, by which readers know tables again. */
interface Remainder {
  definition: EntityDefinition;
  metrics: readonly number[];
}

function routedReader(reader: ViewReader, wants: Selection['metrics']): ViewReader {
  const known = new WeakMap<EntityDefinition, Remainder>();
  const remainderOf = (definition: EntityDefinition): Remainder => {
    let remainder = known.get(definition);
    if (!remainder) known.set(definition, (remainder = remain(definition, wants)));
    return remainder;
  };
  const snapshot = (): ViewSnapshot => {
    const whole = reader.snapshot();
    const tables = whole.tables.flatMap((table) => routedTable(table, remainderOf(table.definition)));
    return { ...whole, tables };
  };
  return {
    spec: reader.spec,
    snapshot,
    acknowledge: (delivered) => reader.acknowledge(delivered),
    close: () => reader.close(),
  };
}

function remain(definition: EntityDefinition, wants: Selection['metrics']): Remainder {
  const metrics = [...definition.metrics.keys()].filter((index) =>
    wants(definition.probe, definition.metrics[index]!.name),
  );
  if (metrics.length === definition.metrics.length) return { definition, metrics };
  return { definition: { ...definition, metrics: metrics.map((index) => definition.metrics[index]!) }, metrics };
}

function routedTable(table: TableSnapshot, { definition, metrics }: Remainder): TableSnapshot[] {
  if (metrics.length === 0) return [];
  if (definition === table.definition) return [table];
  const exemplars = metrics.map((index) => table.exemplars[index]);
  return [{ ...table, definition, metrics: metrics.map((index) => table.metrics[index]!), exemplars }];
}
