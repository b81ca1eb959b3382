// SPDX-License-Identifier: Apache-2.0
import { sondeError, type SondeError } from '@sonde/kit';
import type { GaugeFold, HistogramRange, MetricDefinition, TableSnapshot, ViewSnapshot } from '../../series/types.ts';
import { familyName, type FamilyName } from './names.ts';

/** A metric of one table. */
export interface Part {
  table: TableSnapshot;
  metric: number;
}

/** All series of one name: most often those of one table. */
export interface Family extends FamilyName {
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  fold: GaugeFold;
  /** For histograms. */
  range?: Required<HistogramRange>;
  parts: Part[];
}

export interface Families {
  families: Family[];
  /** Metrics left out because their Prometheus names belong to others. */
  problems: SondeError[];
}

/** Gathers the metrics of a snapshot by their Prometheus names, so that each name stands once, with one type. */
export function familiesOf(snapshot: ViewSnapshot): Families {
  const families = new Map<string, Family>();
  const owners = new Map<string, Family>();
  const problems: SondeError[] = [];
  for (const table of snapshot.tables) {
    for (const [metric, definition] of table.definition.metrics.entries()) {
      const family = newFamily(definition, table, metric);
      const known = families.get(family.name);
      if (known && isSameKind(known, family)) {
        known.parts.push(...family.parts);
        continue;
      }
      const owner = claims(family)
        .map((name) => owners.get(name))
        .find((each) => each !== undefined);
      if (owner) {
        problems.push(conflict(definition, table, owner));
        continue;
      }
      for (const name of claims(family)) owners.set(name, family);
      families.set(family.name, family);
    }
  }
  return { families: [...families.values()], problems };
}

function newFamily(definition: MetricDefinition, table: TableSnapshot, metric: number): Family {
  const { name, unit, type, help, fold = 'last' } = definition;
  const column = table.metrics[metric]!;
  return {
    ...familyName(name, unit, type),
    type: type === 'updowncounter' ? 'gauge' : type,
    help,
    fold: type === 'updowncounter' ? 'sum' : fold,
    ...(column instanceof Float64Array ? {} : { range: column.range }),
    parts: [{ table, metric }],
  };
}

/** Every name that a family's lines may begin with, in any format. */
function claims({ name, type }: Family): string[] {
  if (type === 'gauge') return [name];
  if (type === 'counter') return [name, `${name}_total`, `${name}_created`];
  return [name, `${name}_bucket`, `${name}_count`, `${name}_sum`, `${name}_created`];
}

function isSameKind(a: Family, b: Family): boolean {
  const isSameRange =
    a.range?.scale === b.range?.scale && a.range?.offset === b.range?.offset && a.range?.slots === b.range?.slots;
  return a.type === b.type && a.unit === b.unit && isSameRange;
}

function conflict({ name }: MetricDefinition, { definition }: TableSnapshot, owner: Family): SondeError {
  const other = owner.parts[0]!;
  const { probe, metrics } = other.table.definition;
  return sondeError('SONDE_SERIES_CONFLICT', {
    subject: `metric '${name}' of ${definition.probe}/${definition.name}`,
    other: `'${metrics[other.metric]!.name}' of probe ${probe}: both are ${owner.name} in Prometheus`,
  });
}
