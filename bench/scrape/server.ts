// SPDX-License-Identifier: Apache-2.0
/** The process that is scraped: a store with many series, the Prometheus sink, and the SDK's exporter beside it. */
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { createSeriesStore, metricProducer, type EntityDefinition } from '../../framework/host/dist/series/index.js';
import { createPrometheusSink } from '../../framework/host/dist/sinks/prometheus/index.js';

const SERIES = Number(process.argv[2]);
const METRICS = 10;
const HISTOGRAM_LINES = 30;
const SAMPLE_MILLISECONDS = 1;

class Identity extends EventEmitter {
  labels = (id: number) =>
    new Map<string, string | number>([
      ['host.name', 'bench-node-1'],
      ['process.executable.name', `worker-${id % 50}`],
      ['container.name', `app-${id % 400}`],
      ['k8s.pod.name', `deployment-7d9c5b8f6-${(id * 7919).toString(36)}`],
    ]);
  ended = (): boolean => false;
  retain(): void {}
  release(): void {}
}

const counters: EntityDefinition = {
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
const durations: EntityDefinition = {
  probe: 'bench.histograms',
  name: 'service',
  attributes: ['network.peer.address'],
  metrics: [{ name: 'bench.duration', type: 'histogram', unit: 's', help: 'Durations' }],
};

const view = { identity: ['host.name', 'process.executable.name', 'container.name', 'k8s.pod.name'] };
const store = createSeriesStore(new Identity() as never, { budget: SERIES });

const sink = createPrometheusSink(store, {
  name: 'prometheus',
  config: { type: 'prometheus', listen: { host: '127.0.0.1', port: 0 }, createdTimestamps: false },
  view,
});
await sink.start();

const address = (row: number): string => `10.${row >> 16}.${(row >> 8) & 255}.${row & 255}`;
const withHistograms = process.argv[3] === 'histograms';
const table = store.define(withHistograms ? durations : counters);
const rowCount = SERIES / (withHistograms ? HISTOGRAM_LINES : METRICS);
const rows = Array.from({ length: rowCount }, (_, i) => table.open(i, [address(i)]));
/** Every series changes between two scrapes. */
function change(): void {
  for (const row of rows) {
    if (withHistograms) {
      table.addHistogram(row, 0, { zero: 0, over: 0, sum: 12_345 * row, slots: [1, 3, 9, 2], from: row % 100 });
    } else for (let metric = 0; metric < METRICS; metric++) table.add(row, metric, 1448 * (row + metric + 1));
  }
}
change();

const exporter = new PrometheusExporter({
  preventServerStart: true,
  metricProducers: [metricProducer(store, store.view(view).reader())],
});
const provider = new MeterProvider({ readers: [exporter] });
const exporterServer = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
exporterServer.listen(0, '127.0.0.1');
await once(exporterServer, 'listening');

/**
 * Three witnesses of a stall: Node's own, a timer that looks at the clock, and the CPU time of the thread between two
 * of its turns. The last one does not count what other processes took from it.
 */
const delay = monitorEventLoopDelay({ resolution: SAMPLE_MILLISECONDS });
delay.enable();
let last = performance.now();
let lastBusy = busyMilliseconds();
let longest = 0;
let longestBusy = 0;
setInterval(() => {
  const [now, busy] = [performance.now(), busyMilliseconds()];
  longest = Math.max(longest, now - last - SAMPLE_MILLISECONDS);
  longestBusy = Math.max(longestBusy, busy - lastBusy);
  [last, lastBusy] = [now, busy];
}, SAMPLE_MILLISECONDS);

function busyMilliseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

let cpu = process.cpuUsage();
process.on('message', async (message: 'begin' | 'end') => {
  if (message === 'begin') {
    change();
    await new Promise((resolve) => setTimeout(resolve, 50));
    delay.reset();
    longest = longestBusy = 0;
    cpu = process.cpuUsage();
    process.send!({});
  } else {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { user, system } = process.cpuUsage(cpu);
    const stall = Math.max(longest, delay.max / 1e6 - SAMPLE_MILLISECONDS);
    process.send!({ cpu: (user + system) / 1000, stall, busy: longestBusy });
  }
});
process.on('disconnect', () => void provider.shutdown().then(() => process.exit()));

const { port } = exporterServer.address() as AddressInfo;
process.send!({ own: sink.state().where, sdk: `http://127.0.0.1:${port}/metrics` });
