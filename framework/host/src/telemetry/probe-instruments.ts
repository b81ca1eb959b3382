// SPDX-License-Identifier: Apache-2.0
import type { Meter, MetricOptions, Observable } from '@opentelemetry/api';
import type { ProbeState } from '../probes/types.ts';
import type { ProbeObservation } from './types.ts';

const STATES = Object.keys({
  installed: 0,
  loading: 0,
  running: 0,
  throttled: 0,
  stopping: 0,
  stopped: 0,
  failed: 0,
} satisfies Record<ProbeState, 0>);

/** Gauges of what the lifecycle knows of each probe. */
export function observeProbes(meter: Meter, read: () => Iterable<ProbeObservation>): void {
  const gauge = (name: string, options: MetricOptions): Observable => meter.createObservableGauge(name, options);
  const state = gauge('sonde.probe.state', { description: '1 for the state that a probe is in, 0 for the others' });
  const programs = gauge('sonde.probe.programs', {
    unit: '{program}',
    description: 'Tasks whose program is attached, and tasks for which this kernel has no program',
  });
  const cpu = gauge('sonde.program.cpu', {
    unit: '1',
    description: 'Share of one CPU that a BPF program uses (estimate: 1 s in 20)',
  });
  const runs = gauge('sonde.program.runs', {
    unit: '{run}/s',
    description: 'How often a BPF program runs (estimate: 1 s in 20)',
  });
  const entries = gauge('sonde.map.entries', {
    unit: '{entry}',
    description: 'Entries of a BPF map at the last snapshot',
  });
  const memory = gauge('sonde.map.memory', { unit: 'By', description: 'Memory that the kernel charges for a BPF map' });

  meter.addBatchObservableCallback(
    (result) => {
      for (const { probe, ...observed } of read()) {
        for (const each of STATES) result.observe(state, each === observed.state ? 1 : 0, { probe, state: each });
        result.observe(programs, observed.programs.attached, { probe, state: 'attached' });
        result.observe(programs, observed.programs.missing, { probe, state: 'missing' });
        for (const program of observed.runs) {
          result.observe(cpu, program.cpu, { probe, program: program.program });
          result.observe(runs, program.runsPerSecond, { probe, program: program.program });
        }
        for (const { map, ...of } of observed.maps) {
          result.observe(entries, of.entries, { probe, map });
          result.observe(memory, of.bytes, { probe, map });
        }
      }
    },
    [state, programs, cpu, runs, entries, memory],
  );
}
