// SPDX-License-Identifier: Apache-2.0
import { setTimeout as wait } from 'node:timers/promises';
import { sondeError } from '@sonde/kit';
import { enableStats } from '@sonde/native';
import type { ProgramEstimate } from './program-status.ts';
import type { Probe } from './probe.ts';
import type { Budgets } from '../config/types.ts';

/** BPF run statistics cost 60 ns a run while they are on: on for one second in twenty. */
const PERIOD = 20_000;
const WINDOW = 1_000;

/** Estimates what each program costs, and holds probes to their budgets. */
export class RunStatistics {
  readonly #probes: () => Iterable<Probe>;
  readonly #budgets: (probe: string) => Budgets;
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(probes: () => Iterable<Probe>, budgets: (probe: string) => Budgets) {
    this.#probes = probes;
    this.#budgets = budgets;
  }

  start(): void {
    if (this.#stop !== undefined) return;
    this.#stop = new AbortController();
    this.#running = this.#loop(this.#stop.signal).catch(() => {});
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    await this.#running;
  }

  async #loop(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#measure(signal);
      await wait(PERIOD - WINDOW, undefined, { signal, ref: false });
    }
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const statistics = enableStats();
    try {
      const before = new Map([...this.#probes()].map((probe) => [probe, programsById(probe)]));
      const began = performance.now();
      await wait(WINDOW, undefined, { signal, ref: false });
      const seconds = (performance.now() - began) / 1000;
      for (const [probe, programs] of before) {
        probe.setEstimates(estimates(programs, programsById(probe), seconds));
        await this.#holdToBudget(probe);
      }
    } finally {
      statistics.close();
    }
  }

  /** Over its budget a probe loses its dearest collector, one a period, and is stopped with the last. */
  async #holdToBudget(probe: Probe): Promise<void> {
    const { cpu, mapBytes } = this.#budgets(probe.name);
    const used = probe.cpu;
    const bytes = probe.maps().reduce((sum, map) => sum + map.bytes, 0);
    const over =
      cpu !== undefined && used > cpu
        ? { what: 'share of a CPU', used: used.toFixed(3), budget: cpu }
        : mapBytes !== undefined && bytes > mapBytes
          ? { what: 'bytes of maps', used: bytes, budget: mapBytes }
          : undefined;
    const collector = over && probe.dearestCollector();
    if (collector === undefined) return;
    const action = probe.activeCollectors.length > 1 ? `lost its collector ${collector}` : 'was stopped';
    await probe.shed(collector, sondeError('SONDE_BUDGET', { probe: probe.name, ...over!, action }));
  }
}

function programsById(probe: Probe): Map<number, { name: string; runCount: number; runTimeNs: number }> {
  return new Map(probe.programs().map((program) => [program.id, program]));
}

function estimates(
  before: ReturnType<typeof programsById>,
  after: ReturnType<typeof programsById>,
  seconds: number,
): Map<string, ProgramEstimate> {
  const result = new Map<string, ProgramEstimate>();
  for (const [id, { name, runCount, runTimeNs }] of after) {
    const earlier = before.get(id);
    if (earlier === undefined) continue;
    const runs = runCount - earlier.runCount;
    const nanoseconds = runTimeNs - earlier.runTimeNs;
    result.set(name, {
      runsPerSecond: runs / seconds,
      nanosecondsPerRun: runs > 0 ? nanoseconds / runs : 0,
      cpu: nanoseconds / 1e9 / seconds,
    });
  }
  return result;
}
