// SPDX-License-Identifier: Apache-2.0
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Meter, Observable, ObservableResult } from '@opentelemetry/api';

/** A wake-up every 20 ms costs little; a stall of the loop is seen at full length whatever the resolution. */
const RESOLUTION_MILLISECONDS = 20;

/**
 * What the host's process costs: CPU, memory, delay of its event loop, and which build it is. Returns what stops
 * measuring.
 */
export function observeProcess(meter: Meter, version: string): () => void {
  observe(
    meter.createObservableGauge('sonde.build.info', { description: 'Always 1; which build of Sonde runs' }),
    (result) => result.observe(1, { version, node: process.version }),
  );
  observe(
    meter.createObservableCounter('sonde.cpu.time', { unit: 's', description: 'CPU time of the host process' }),
    (result) => {
      const { user, system } = process.cpuUsage();
      result.observe(user / 1e6, { 'cpu.mode': 'user' });
      result.observe(system / 1e6, { 'cpu.mode': 'system' });
    },
  );
  observe(
    meter.createObservableGauge('sonde.memory.resident', {
      unit: 'By',
      description: 'Resident memory of the host process',
    }),
    (result) => result.observe(process.memoryUsage.rss()),
  );
  observe(
    meter.createObservableGauge('sonde.memory.heap', {
      unit: 'By',
      description: 'What the host process has on its JavaScript heap and beside it, with what is yet to be collected',
    }),
    (result) => {
      const { heapUsed, external } = process.memoryUsage();
      result.observe(heapUsed + external);
    },
  );
  return observeEventLoop(meter);
}

function observeEventLoop(meter: Meter): () => void {
  const utilization = meter.createObservableGauge('sonde.eventloop.utilization', {
    unit: '1',
    description: 'Share of time in which the event loop was busy, since the snapshot before',
  });
  let before = performance.eventLoopUtilization();
  observe(utilization, (result) => {
    const now = performance.eventLoopUtilization();
    result.observe(performance.eventLoopUtilization(now, before).utilization);
    before = now;
  });

  const delay = meter.createObservableGauge('sonde.eventloop.delay', {
    unit: 's',
    description: 'How late timers of the event loop fired, since the snapshot before',
  });
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MILLISECONDS });
  histogram.enable();
  observe(delay, (result) => {
    const values = { p50: histogram.percentile(50), p99: histogram.percentile(99), max: histogram.max };
    for (const [quantile, nanoseconds] of Object.entries(values)) {
      result.observe(Math.max(0, nanoseconds / 1e9 - RESOLUTION_MILLISECONDS / 1e3), { statistic: quantile });
    }
    histogram.reset();
  });
  return () => histogram.disable();
}

function observe(instrument: Observable, callback: (result: ObservableResult) => void): void {
  instrument.addCallback(callback);
}
