// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeriesStore, ViewReader, ViewSnapshot } from '../../series/types.ts';
import { metricRecords } from '../json/metric-records.ts';
import { paced } from '../push/paced.ts';
import type { LineWriter } from './line-writer.ts';

/** Lines written at once. */
const BATCH = 500;

/** Writes a line for each series, once an interval. Totals that could not be written are in the next round. */
export class MetricLines {
  readonly #store: Pick<SeriesStore, 'view' | 'refresh'>;
  readonly #reader: ViewReader;
  readonly #writer: LineWriter;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  /** @param interval milliseconds */
  constructor(store: Pick<SeriesStore, 'view' | 'refresh'>, writer: LineWriter, interval: number) {
    this.#store = store;
    this.#writer = writer;
    this.#reader = store.view({ identity: 'all' }).reader({ acknowledges: true });
    this.#running = this.#run(interval);
  }

  /** Writes what there is now, and ends. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#reader.close();
  }

  async #run(interval: number): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleep(interval, undefined, { signal, ref: false }).catch(() => {});
      await this.#store.refresh();
      await this.#write(this.#reader.snapshot()).catch(() => {}); // the writer tells of it
    }
  }

  async #write(snapshot: ViewSnapshot): Promise<void> {
    for await (const lines of paced(linesOf(snapshot))) await this.#writer.write(lines);
    this.#reader.acknowledge(snapshot);
  }
}

function* linesOf({ tables, time }: ViewSnapshot): Iterable<string | undefined> {
  let lines: string[] = [];
  for (const table of tables) {
    for (const record of metricRecords(table, undefined, time)) {
      if (record) lines.push(`${record.value}\n`);
      const isFull = lines.length >= BATCH;
      yield isFull ? lines.join('') : undefined;
      if (isFull) lines = [];
    }
  }
  if (lines.length > 0) yield lines.join('');
}
