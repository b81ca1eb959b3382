// SPDX-License-Identifier: Apache-2.0
import { nearest, quoteNames, sondeError, type SondeError } from '@sonde/kit';
import type { TargetReport } from '../../src/targets/report.ts';
import type { TargetRules } from '../../src/targets/types.ts';
import type { DesiredProbe, ProbeManager, ProbeState, ProbeStatus } from '../../src/probes/types.ts';

interface Declared {
  collectors: Record<string, boolean>;
  params: Record<string, string>;
}

/** Probes that keep to the contract of `ProbeManager` without a kernel: they run as soon as they are wanted. */
export class MemoryProbes implements ProbeManager {
  /** The desired state as it was last given, and how often. */
  desired: Record<string, DesiredProbe> = {};
  reconciled = 0;
  restarts = 0;
  readonly #catalogue: Record<string, Declared>;

  constructor(
    catalogue: Record<string, Declared> = {
      fsync: { collectors: { calls: true, bytes: false }, params: { slow: '1ms' } },
    },
  ) {
    this.#catalogue = catalogue;
  }

  list(): ProbeStatus[] {
    return Object.keys(this.desired).map((name) => this.get(name));
  }

  get(name: string): ProbeStatus {
    const desired = this.desired[name];
    if (!desired) {
      const near = quoteNames(nearest(name, Object.keys(this.desired)));
      throw sondeError('SONDE_PROBE_UNKNOWN', { name, nearest: near });
    }
    const { collectors, params } = this.#catalogue[name] ?? { collectors: {}, params: {} };
    const enabled = desired.enabled ?? true;
    const state: ProbeState = enabled ? 'running' : 'stopped';
    return {
      name,
      package: desired.package ?? `@sonde/probe-${name}`,
      version: '1.2.3',
      description: 'A probe in memory',
      state,
      warnings: [],
      since: '2026-01-01T00:00:00.000Z',
      desired: {
        enabled,
        collectors: { ...collectors, ...desired.collectors },
        params: { ...params, ...desired.params },
        targets: desired.targets ?? {},
      },
      origins: {
        '/enabled': 'default',
        '/collectors/calls': 'default',
        '/params/slow': 'default',
        '/targets': 'default',
      },
      programs: [
        {
          collector: 'calls',
          task: 'enter',
          program: 'on_enter',
          attach: 'tp_btf/x',
          state: 'attached',
          optional: false,
          reasons: [],
        },
        {
          collector: 'calls',
          task: 'extra',
          state: 'missing',
          optional: true,
          reasons: [
            { program: 'on_extra', attach: 'fentry/y', code: 'missing', reason: 'the kernel lacks fentry' },
          ],
        },
      ],
      maps: [{ name: 'calls', type: 'hash', entries: 3, maxEntries: 1024, bytes: 65536 }],
      series: 12,
      loss: [{ stage: 'ring', cause: 'ring_full', count: 0 }],
    };
  }

  async reconcile(desired: Record<string, DesiredProbe>): Promise<void> {
    this.reconciled++;
    this.desired = desired;
  }

  async validate(name: string, desired: DesiredProbe): Promise<SondeError[]> {
    const declared = Object.hasOwn(this.#catalogue, name) ? this.#catalogue[name] : undefined;
    if (!declared) return [sondeError('SONDE_PACKAGE_NOT_FOUND', { package: desired.package ?? name, base: '/' })];
    return Object.keys(desired.collectors ?? {})
      .filter((collector) => !(collector in declared.collectors))
      .map((collector) =>
        sondeError(
          'SONDE_COLLECTOR_UNKNOWN',
          { probe: name, collector },
          { place: { pointer: `/collectors/${collector}` } },
        ),
      );
  }

  targets(name: string, rules?: TargetRules): TargetReport {
    return { probe: this.get(name).name, rules: rules ?? {}, processes: [], cgroups: [] };
  }

  async restart(name: string): Promise<ProbeStatus> {
    this.restarts++;
    return this.get(name);
  }
}
