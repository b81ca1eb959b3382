// SPDX-License-Identifier: Apache-2.0
/** One case in a process of its own: a store of so many series, pushed by OTLP; or events. */
import { EventEmitter } from 'node:events';
import { EventBus } from '../../framework/host/dist/events/index.js';
import { createSeriesStore, type EntityDefinition } from '../../framework/host/dist/series/index.js';
import { OtlpExporter } from '../../framework/host/dist/sinks/otlp/index.js';
import { Account } from '../../framework/host/dist/sinks/push/account.js';
import { Health } from '../../framework/host/dist/sinks/push/health.js';
import { startMetricLane } from '../../framework/host/dist/sinks/push/metric-lane.js';
import { PushSink } from '../../framework/host/dist/sinks/push/index.js';
import { witness } from '../lib/stalls.ts';
import type { Case, CaseResult } from '../otlp.ts';

const METRICS = 10;

const COUNTERS: EntityDefinition = {
  probe: 'bench',
  name: 'link',
  attributes: ['network.peer.address'],
  metrics: Array.from({ length: METRICS }, (_, i) => ({
    name: `bench.bytes.${'abcdefghij'[i]}`,
    type: 'counter',
    unit: 'By',
    help: 'Bytes',
  })),
};
const HISTOGRAMS: EntityDefinition = {
  probe: 'bench.histograms',
  name: 'service',
  attributes: ['network.peer.address'],
  metrics: [{ name: 'bench.duration', type: 'histogram', unit: 's', help: 'Durations' }],
};

class Identity extends EventEmitter {
  readonly #labels = new Map<number, ReadonlyMap<string, string | number>>();

  labels = (id: number): ReadonlyMap<string, string | number> => {
    let labels = this.#labels.get(id);
    if (!labels) this.#labels.set(id, (labels = labelsOf(id)));
    return labels;
  };
  ended = (): boolean => false;
  groupOf = (): number => 0;
  retain(): void {}
  release(): void {}
}

function labelsOf(id: number): ReadonlyMap<string, string | number> {
  return new Map<string, string | number>([
    ['host.name', 'bench-node-1'],
    ['host.id', '0123456789abcdef0123456789abcdef'],
    ['os.type', 'linux'],
    ['process.pid', id],
    ['process.creation.time', '2026-11-21T10:00:00.000Z'],
    ['process.executable.name', `worker-${id % 50}`],
    ['process.executable.path', `/usr/lib/app/worker-${id % 50}`],
    ['process.command_line', `/usr/lib/app/worker-${id % 50} --id ${id} --verbose`],
    ['container.name', `app-${id % 400}`],
    ['k8s.namespace.name', 'production'],
    ['k8s.pod.name', `deployment-7d9c5b8f6-${(id * 7919).toString(36)}`],
  ]);
}

const { target, config, kind, size, processes, rounds }: Case & { target: string } = JSON.parse(process.argv[2]!);
const identity = new Identity();
const store = createSeriesStore(identity as never, { budget: 1_000_000 });
const options = {
  type: 'otlp' as const,
  endpoint: target,
  protocol: 'http' as const,
  headers: {},
  compression: 'gzip' as const,
  temporality: 'cumulative' as const,
  interval: 3_600_000,
  timeout: 30_000,
  queue: { records: 1_000_000, bytes: 1_000_000_000 },
  ...config,
};
const exporter = new OtlpExporter('otlp', options, identity);
const results = kind === 'events' ? await pushEvents() : await pushSeries();
process.send!(results, () => process.exit());

async function pushSeries(): Promise<CaseResult> {
  await exporter.open();
  const log = (_: string, message: string): void => console.error(message);
  const services = {
    exporter,
    options: { ...options, name: 'otlp' },
    health: new Health('otlp', log),
    account: new Account('otlp', store.loss),
    stopped: new AbortController().signal,
    store,
  };
  const lane = startMetricLane(services);
  const table = store.define(kind === 'histograms' ? HISTOGRAMS : COUNTERS);
  const perRow = kind === 'histograms' ? 1 : METRICS;
  const rows = Array.from({ length: size / perRow }, (_, i) =>
    table.open(1 + (i % processes), [`10.0.${i >> 8}.${i & 255}`]),
  );
  const change = (): void => {
    for (const row of rows) {
      if (kind === 'histograms') {
        table.addHistogram(row, 0, { zero: 0, over: 0, sum: 12_345 * row, slots: [1, 3, 9, 2, 1, 4], from: row % 98 });
      } else for (let metric = 0; metric < METRICS; metric++) table.add(row, metric, 1448 * (row + metric + 1));
    }
  };
  const measured = [];
  for (let round = 0; round < rounds + 1; round++) {
    change();
    measured.push(await witness(() => lane.flush()));
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return {
    records: services.account.delivered / measured.length,
    rounds: measured.slice(1),
    rss: process.resourceUsage().maxRSS / 1024,
  };
}

async function pushEvents(): Promise<CaseResult> {
  const services = { loss: store.loss, settle: () => {} };
  const events = new EventBus(services);
  const log = (_: string, message: string): void => console.error(message);
  const sink = new PushSink(
    exporter,
    { ...options, name: 'otlp' },
    { store, events, spans: new EventBus(services) as never, log },
  );
  await sink.start();
  const delivered = (): number => sink.state().flow?.delivered ?? 0;
  const measured = [];
  for (let round = 0; round < rounds + 1; round++) {
    const before = delivered();
    measured.push(
      await witness(async () => {
        for (let i = 0; i < size; i++) {
          const attributes = { 'network.peer.address': '10.1.2.3', 'server.port': 443, 'tcp.reason': 'timeout' };
          const time = Date.now() * 1e6;
          events.emit({
            probe: 'tcp',
            name: 'tcp.reset',
            severity: 'warn',
            time,
            body: 'reset by {network.peer.address}',
            identity: 1 + (i % processes),
            attributes,
            weight: 1,
          });
          if (i % 250 === 249) await new Promise((resolve) => setTimeout(resolve, 1));
        }
        if (sink.state().flow?.lost) throw new Error('the queue was too short for this pace');
        while (delivered() - before < size) await new Promise((resolve) => setTimeout(resolve, 2));
      }),
    );
  }
  return { records: size, rounds: measured.slice(1), rss: process.resourceUsage().maxRSS / 1024 };
}
