// SPDX-License-Identifier: Apache-2.0
import { emptyHistogram } from '../../series/index.ts';
import type { EntityDefinition } from '../../series/types.ts';
import { ByteWriter, type Chunk } from './byte-writer.ts';
import { ChunkPool } from './chunk-pool.ts';
import { eachSeries } from './each-series.ts';
import type { Family, Part } from './families.ts';
import type { FamilyWriter, Format, LabelBytes } from './format.ts';
import { LabelCache } from './label-cache.ts';
import { mergeParts } from './merge.ts';

/** Writes snapshots in one format, keeping the bytes of labels from one to the next. */
export class Exposition {
  readonly format: Format;
  /** Where chunks go back to once they were sent. */
  readonly pool = new ChunkPool();
  readonly #labels = new WeakMap<EntityDefinition, LabelCache>();

  constructor(format: Format) {
    this.format = format;
  }

  /** Steps of well under a millisecond; each gives the chunks that are complete by then, often none. */
  *write(families: readonly Family[]): Generator<readonly Chunk[]> {
    const out = new ByteWriter(this.pool);
    for (const family of families) {
      if (!hasSeries(family)) continue;
      const writer = this.format.family(family, out, this.pool);
      const [part, ...others] = family.parts;
      if (others.length > 0) yield* mergeParts(family, (each) => this.labelsOf(each), writer);
      else for (const _ of this.#writePart(part!, writer)) yield out.take();
      writer.end();
      yield out.take();
    }
    this.format.finish(out);
    yield out.finish();
  }

  labelsOf({ table }: Part): LabelCache {
    let cache = this.#labels.get(table.definition);
    if (!cache) {
      cache = new LabelCache((labels) => this.format.encodeLabels(labels));
      this.#labels.set(table.definition, cache);
    }
    return cache;
  }

  *#writePart(part: Part, writer: FamilyWriter): Generator<void> {
    const cache = this.labelsOf(part);
    const at: LabelBytes = { bytes: cache.bytes, start: 0, end: 0 };
    for (const _ of eachSeries(part, (series, labels, value, created, exemplars) => {
      at.start = cache.start(series, labels);
      at.end = cache.end(series);
      at.bytes = cache.bytes;
      if (typeof value === 'number') writer.number(at, value, created, exemplars);
      else writer.histogram(at, value, created, exemplars);
    })) {
      yield;
    }
  }
}

function hasSeries({ parts }: Family): boolean {
  return parts.some((part) => {
    const column = part.table.metrics[part.metric]!;
    if (column instanceof Float64Array) return column.some((value) => !Number.isNaN(value));
    const value = emptyHistogram(column.range);
    return part.table.labels.some((labels, series) => labels && column.read(series, value));
  });
}
