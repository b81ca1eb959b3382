// SPDX-License-Identifier: Apache-2.0
import type { LabelSet, TableSnapshot, ViewSnapshot } from '../../series/types.ts';

/** Series between two pauses. */
const SERIES_PER_STEP = 512;

/** Series of one table that have one Resource. */
export interface Run {
  /** The labels of which the first `identity` are the Resource; undefined where the host itself is it. */
  resource: LabelSet | undefined;
  /** Whether another Resource begins here. */
  isFirst: boolean;
  table: TableSnapshot;
  /** The places of the series; used again for the next run. */
  series: Uint32Array;
}

/** The series of a snapshot, those of one process, container or host together. Pauses with `undefined`. */
export function* seriesByResource({ tables }: ViewSnapshot): Generator<Run | undefined> {
  const resources = new Resources();
  const total = tables.reduce((sum, { size }) => sum + size, 0);
  /** By series over all tables: its resource + 1, 0 for a free place. */
  const resourceOf = new Uint32Array(total);
  let at = 0;
  for (const { labels, identities, size } of tables) {
    for (let series = 0; series < size; series++, at++) {
      const set = labels[series];
      if (set) resourceOf[at] = resources.of(set, identities[series]!) + 1;
      if (at % SERIES_PER_STEP === 0) yield undefined;
    }
  }
  yield* runs(tables, resources, sortedByResource(resourceOf, resources.all.length));
}

function* runs(
  tables: readonly TableSnapshot[],
  resources: Resources,
  { order, starts }: { order: Uint32Array; starts: Uint32Array },
): Generator<Run> {
  for (const [number, resource] of resources.all.entries()) {
    let at = starts[number]!;
    const end = starts[number + 1]!;
    let first = 0;
    let isFirst = true;
    for (const table of tables) {
      const start = at;
      while (at < end && order[at]! < first + table.size) at++;
      const series = order.subarray(start, at);
      for (let i = 0; i < series.length; i++) series[i]! -= first;
      if (series.length > 0) {
        yield { resource, isFirst, table, series };
        isFirst = false;
      }
      first += table.size;
      if (at === end) break;
    }
  }
}

/** Counting sort: the places in the order of their resource, and where each resource begins. */
function sortedByResource(resourceOf: Uint32Array, count: number): { order: Uint32Array; starts: Uint32Array } {
  const starts = new Uint32Array(count + 2);
  for (const resource of resourceOf) starts[resource + 1]!++;
  for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!;
  const ends = starts.slice();
  const order = new Uint32Array(resourceOf.length);
  for (let place = 0; place < resourceOf.length; place++) order[ends[resourceOf[place]!]!++] = place;
  return { order, starts: starts.subarray(1) };
}

/** Label sets whose identity attributes are the same are of one Resource. */
class Resources {
  /** The host itself comes first. */
  readonly all: (LabelSet | undefined)[] = [undefined];
  readonly #byIdentity = new Map<number, number[]>();

  of(labels: LabelSet, identity: number): number {
    if (labels.identity === 0) return 0;
    let candidates = this.#byIdentity.get(identity);
    if (!candidates) this.#byIdentity.set(identity, (candidates = []));
    for (const candidate of candidates) if (haveOneResource(this.all[candidate]!, labels)) return candidate;
    candidates.push(this.all.length);
    return this.all.push(labels) - 1;
  }
}

function haveOneResource(a: LabelSet, b: LabelSet): boolean {
  if (a.identity !== b.identity) return false;
  for (let i = 0; i < a.identity; i++) {
    if (a.values[i] !== b.values[i] || a.names[i] !== b.names[i]) return false;
  }
  return true;
}
