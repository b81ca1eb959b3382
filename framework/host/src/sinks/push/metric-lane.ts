// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeriesStore, ViewReader, ViewSnapshot } from '../../series/types.ts';
import { paced } from './paced.ts';
import { QueuedLane, type LaneServices } from './queued-lane.ts';
import { Sender } from './sender.ts';
import type { ChunkQueue, Exporter } from './types.ts';

/** Push sinks carry the whole identity, so that each process, container or host can be a Resource of its own. */
export const WHOLE_IDENTITY = { identity: 'all' } as const;

/** In `TableSnapshot.ended`. */
const DONE = 2;

export interface MetricLaneServices<Payload> extends LaneServices<Payload> {
  exporter: Exporter<Payload> & Required<Pick<Exporter<Payload>, 'metrics'>>;
  store: Pick<SeriesStore, 'view' | 'refresh'>;
}

/** Exports all series once an interval. */
export interface MetricLane<Payload> {
  /** Where differences wait; cumulative totals wait nowhere. */
  readonly queue: ChunkQueue<Payload> | undefined;
  /** Exports what there is now, and resolves once it was delivered (or handed to the queue, and that is empty). */
  flush(): Promise<void>;
  /** The sink's `stopped` must have fired. */
  close(): Promise<void>;
}

export function startMetricLane<Payload>(services: MetricLaneServices<Payload>): MetricLane<Payload> {
  return services.options.temporality === 'delta' ? new DeltaLane(services) : new CumulativeLane(services);
}

abstract class IntervalLane<Payload> implements MetricLane<Payload> {
  protected readonly services: MetricLaneServices<Payload>;
  protected readonly reader: ViewReader;
  readonly #running: Promise<void>;
  #exporting: Promise<void> = Promise.resolve();

  constructor(services: MetricLaneServices<Payload>) {
    this.services = services;
    this.reader = services.store.view(WHOLE_IDENTITY).reader({ acknowledges: true });
    this.#running = this.#run();
  }

  abstract readonly queue: ChunkQueue<Payload> | undefined;
  /** @param until `performance.now()` at which the next interval is due */
  protected abstract export(snapshot: ViewSnapshot, until: number): Promise<void>;

  flush(): Promise<void> {
    return this.#export();
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#exporting;
    this.reader.close();
  }

  async #run(): Promise<void> {
    const { stopped, options } = this.services;
    let due = performance.now();
    while (!stopped.aborted) {
      due = Math.max(due + options.interval, performance.now());
      await sleep(due - performance.now(), undefined, { signal: stopped }).catch(() => {});
      if (!stopped.aborted) await this.#export(due + options.interval);
    }
  }

  /** One export at a time. */
  #export(until = Infinity): Promise<void> {
    return (this.#exporting = this.#exporting.then(async () => {
      await this.services.store.refresh();
      await this.export(this.reader.snapshot(), until);
    }));
  }
}

/** Only the newest totals are owed: what could not be delivered by the next interval is superseded, and not lost. */
class CumulativeLane<Payload> extends IntervalLane<Payload> {
  readonly queue = undefined;
  readonly #sender: Sender<Payload>;

  constructor(services: MetricLaneServices<Payload>) {
    super(services);
    this.#sender = new Sender('metrics', services);
  }

  protected async export(snapshot: ViewSnapshot, until: number): Promise<void> {
    const { exporter, account } = this.services;
    for await (const chunk of paced(exporter.metrics({ snapshot: undelivered(snapshot) }))) {
      const delivery = await this.#sender.deliver([chunk], until);
      if (delivery === undefined) return;
      if (delivery.outcome === 'refused') account.lose([chunk], 'refused');
      else account.deliver([chunk], delivery.refused);
    }
    this.reader.acknowledge(snapshot);
  }
}

/** Without series that have ended and were delivered, and that only wait for other sinks. */
function undelivered(snapshot: ViewSnapshot): ViewSnapshot {
  const tables = snapshot.tables.map((table) => {
    if (!table.ended.includes(DONE)) return table;
    return {
      ...table,
      labels: table.labels.map((labels, series) => (table.ended[series] === DONE ? undefined : labels)),
    };
  });
  return { ...snapshot, tables };
}

/** What was added in each interval is owed, and waits in a queue. */
class DeltaLane<Payload> extends IntervalLane<Payload> {
  readonly #lane: QueuedLane<Payload>;
  #since: ViewSnapshot | undefined;

  constructor(services: MetricLaneServices<Payload>) {
    super(services);
    this.#lane = new QueuedLane('metrics', services);
  }

  get queue(): ChunkQueue<Payload> {
    return this.#lane.queue;
  }

  override async flush(): Promise<void> {
    await super.flush();
    await this.#lane.drained();
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#lane.close();
  }

  protected async export(snapshot: ViewSnapshot): Promise<void> {
    const { exporter } = this.services;
    await this.#lane.write(exporter.metrics({ snapshot, ...(this.#since && { since: this.#since }) }));
    this.#since = snapshot;
    this.reader.acknowledge(snapshot);
  }
}
