// SPDX-License-Identifier: Apache-2.0
import type { Exemplar, HistogramValue, LabelSet } from '../../series/types.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { ChunkPool } from './chunk-pool.ts';
import type { Family } from './families.ts';

/** Encoded labels of one series. */
export interface LabelBytes {
  bytes: Uint8Array;
  start: number;
  end: number;
}

/** Writes one family; `created` is in milliseconds since 1970. */
export interface FamilyWriter {
  number(labels: LabelBytes, value: number, created: number, exemplars?: readonly Exemplar[]): void;
  histogram(labels: LabelBytes, value: HistogramValue, created: number, exemplars?: readonly Exemplar[]): void;
  end(): void;
}

/** How an exposition looks. */
export interface Format {
  readonly contentType: string;
  encodeLabels(labels: LabelSet): Uint8Array;
  /** @param pool For what must be held back until the family is complete. */
  family(family: Family, out: ByteWriter, pool: ChunkPool): FamilyWriter;
  /** After the last family. */
  finish(out: ByteWriter): void;
}

/** What one format puts into an exposition for the labels of one `names` array: the names, made for Prometheus once. */
export function namesOnce(toName: (attribute: string) => string): (names: readonly string[]) => readonly string[] {
  const known = new WeakMap<readonly string[], readonly string[]>();
  return (names) => {
    let made = known.get(names);
    if (!made) {
      made = names.map(toName);
      known.set(names, made);
    }
    return made;
  };
}
