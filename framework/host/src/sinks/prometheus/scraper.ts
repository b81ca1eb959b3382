// SPDX-License-Identifier: Apache-2.0
import type { SondeError } from '@sonde/kit';
import type { SeriesStore, ViewReader } from '../../series/types.ts';
import type { Chunk } from './byte-writer.ts';
import { Exposition } from './exposition.ts';
import { familiesOf, type Family } from './families.ts';
import { inSlices } from './in-slices.ts';
import type { FormatName } from './negotiate.ts';
import { protobufFormat } from './protobuf-format.ts';
import { textFormat } from './text-format.ts';

/** How long a snapshot is kept for others who share its round; the store shares a round no longer. */
const KEPT_MILLISECONDS = 1000;

export interface Scrape {
  chunks: AsyncIterable<Chunk>;
  /** To be called with each chunk that was sent. */
  recycle(chunk: Chunk): void;
}

interface Shared {
  round: number;
  families: readonly Family[];
}

/** Writes a view for scrapes: one snapshot for those that come at about the same time. */
export class Scraper {
  readonly #store: Pick<SeriesStore, 'refresh'>;
  readonly #reader: ViewReader;
  readonly #expositions: Record<FormatName, Exposition>;
  #shared: Shared | undefined;
  /** Metrics that the last scrape left out, since their names belong to others. */
  problems: readonly SondeError[] = [];

  constructor(store: Pick<SeriesStore, 'refresh'>, reader: ViewReader, created: boolean) {
    this.#store = store;
    this.#reader = reader;
    this.#expositions = {
      protobuf: new Exposition(protobufFormat({ created })),
      openmetrics: new Exposition(textFormat({ openMetrics: true, created })),
      text: new Exposition(textFormat({ openMetrics: false, created })),
    };
  }

  contentType(format: FormatName): string {
    return this.#expositions[format].format.contentType;
  }

  /** @param patience How long to wait for fresh values, in milliseconds; then those of before are given. */
  async scrape(format: FormatName, patience: number): Promise<Scrape> {
    const round = await within(patience, this.#store.refresh());
    const exposition = this.#expositions[format];
    const chunks = inSlices(exposition.write(this.#families(round)));
    return { chunks, recycle: (chunk) => exposition.pool.recycle(chunk) };
  }

  #families(round: number | undefined): readonly Family[] {
    if (this.#shared && this.#shared.round === round) return this.#shared.families;
    const { families, problems } = familiesOf(this.#reader.snapshot());
    this.problems = problems;
    if (round !== undefined) this.#share({ round, families });
    return families;
  }

  #share(snapshot: Shared): void {
    this.#shared = snapshot;
    const forget = (): void => void (this.#shared === snapshot && (this.#shared = undefined));
    setTimeout(forget, KEPT_MILLISECONDS).unref();
  }
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, milliseconds, undefined);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}
