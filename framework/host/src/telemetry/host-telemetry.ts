// SPDX-License-Identifier: Apache-2.0
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { SeriesStore } from '../series/index.ts';
import { observeProbes } from './probe-instruments.ts';
import { observeProcess } from './process-instruments.ts';
import { StoreReader } from './store-reader.ts';
import type { HostTelemetry, ProbeObservation } from './types.ts';

/** Measures the host itself from now on. @param version The host's, for `sonde_build_info`. */
export function createHostTelemetry(store: SeriesStore, version: string): HostTelemetry {
  const provider = new MeterProvider({ readers: [new StoreReader(store)] });
  const meter = provider.getMeter('sonde');
  const events = meter.createCounter('sonde.events', { unit: '{event}', description: 'Events that were emitted' });
  const spans = meter.createCounter('sonde.spans', { unit: '{span}', description: 'Spans that were emitted' });
  const stopObserving = observeProcess(meter, version);
  return {
    meter,
    observeProbes: (read: () => Iterable<ProbeObservation>) => observeProbes(meter, read),
    countEvents: (probe, event, n) => events.add(n, { probe, event }),
    countSpans: (probe, n) => spans.add(n, { probe }),
    async close() {
      stopObserving();
      await provider.shutdown();
    },
  };
}
