// SPDX-License-Identifier: Apache-2.0
import { asSondeError, nearest, quoteNames, sondeError, type SondeError } from '@sonde/kit';
import { builtInPackage } from '../packages/find-package.ts';
import { loadPackage } from '../packages/load-package.ts';
import type { ProbePackage } from '../packages/types.ts';
import { type TargetReport, targetReport } from '../targets/report.ts';
import type { TargetRules } from '../targets/types.ts';
import type { ProbeObservation } from '../telemetry/types.ts';
import { checkDesired } from './desired-plan.ts';
import { errorStatus } from './error-status.ts';
import { Probe } from './probe.ts';
import type { ProbeServices } from './services.ts';
import { RunStatistics } from './run-statistics.ts';
import type { DesiredProbe, ProbeManager, ProbeStatus } from './types.ts';

/** A probe that is named but whose package cannot be used. */
interface Broken {
  package: string;
  error: SondeError;
  since: Date;
}

/** All probes of this host. Nothing is loaded that the desired state does not name. */
export class Probes implements ProbeManager {
  #opened: ProbeServices | undefined;
  readonly #probes = new Map<string, Probe>();
  readonly #broken = new Map<string, Broken>();
  readonly #desired = new Map<string, DesiredProbe>();
  readonly #statistics = new RunStatistics(() => this.#probes.values(), (probe) => this.#desired.get(probe)?.budgets ?? {});
  #ready = false;

  /** Until this, there are no probes. */
  open(services: ProbeServices): void {
    this.#opened = services;
    services.telemetry.observeProbes(() => this.#observations());
  }

  /** Whether the desired state was made the case once since start. */
  get ready(): boolean {
    return this.#ready;
  }

  list(): ProbeStatus[] {
    return [...this.#names()].sort().map((name) => this.get(name));
  }

  get(name: string): ProbeStatus {
    const probe = this.#probes.get(name);
    if (probe !== undefined) return probe.status();
    const broken = this.#broken.get(name);
    if (broken !== undefined) return brokenStatus(name, broken, this.#desired.get(name) ?? {});
    throw sondeError('SONDE_PROBE_UNKNOWN', { name, nearest: quoteNames(nearest(name, [...this.#names()])) });
  }

  async reconcile(desired: Record<string, DesiredProbe>): Promise<void> {
    const wanted = new Map(Object.entries(desired));
    const unwanted = [...this.#names()].filter((name) => !wanted.has(name));
    await Promise.all(unwanted.map((name) => this.#forget(name)));
    await Promise.all([...wanted].map(([name, probe]) => this.#follow(name, probe)));
    this.#ready = true;
    this.#statistics.start();
  }

  async validate(name: string, desired: DesiredProbe): Promise<SondeError[]> {
    try {
      const pkg = await this.#package(name, desired);
      return [...checkDesired(pkg, desired), ...this.#checkTargets(desired)];
    } catch (error) {
      return [asSondeError(error)];
    }
  }

  async restart(name: string): Promise<ProbeStatus> {
    const desired = this.#desired.get(name);
    if (this.#broken.has(name) && desired !== undefined) await this.#follow(name, desired);
    await this.#probes.get(name)?.restart();
    return this.get(name);
  }

  targets(name: string, rules?: TargetRules): TargetReport {
    const current = this.get(name).desired.targets;
    const { targets, identity } = this.#services;
    const matches = rules === undefined ? targets.matches(name) : targets.preview(rules);
    return targetReport(name, rules ?? current, matches, identity);
  }

  /** Stops everything; nothing is left in the kernel. */
  async close(): Promise<void> {
    await this.#statistics.stop();
    await Promise.all([...this.#names()].map((name) => this.#forget(name)));
  }

  get #services(): ProbeServices {
    if (this.#opened === undefined) throw sondeError('SONDE_NOT_READY', {});
    return this.#opened;
  }

  #names(): Set<string> {
    return new Set([...this.#probes.keys(), ...this.#broken.keys()]);
  }

  async #follow(name: string, desired: DesiredProbe): Promise<void> {
    const previous = this.#desired.get(name);
    this.#desired.set(name, desired);
    try {
      if (previous?.package !== desired.package) await this.#close(name);
      const probe = this.#probes.get(name) ?? (await this.#install(name, desired));
      this.#services.store.setBudget(name, desired.budgets?.series);
      if (JSON.stringify(previous) !== JSON.stringify(desired) || probe.state === 'installed') await probe.apply(desired);
    } catch (error) {
      const problem = asSondeError(error);
      this.#broken.set(name, { package: desired.package ?? builtInPackage(name), error: problem, since: new Date() });
      this.#services.log('error', `${name}: ${problem.format()}`);
    }
  }

  async #install(name: string, desired: DesiredProbe): Promise<Probe> {
    const probe = new Probe(await this.#package(name, desired), this.#services);
    this.#broken.delete(name);
    this.#probes.set(name, probe);
    this.#services.rules.setProbe(name, probe.package.manifest.rules);
    probe.on('state', (state, previous) => this.#services.log('info', `${name}: ${previous} → ${state}`));
    return probe;
  }

  async #package(name: string, desired: DesiredProbe): Promise<ProbePackage> {
    const pkg = await loadPackage(desired.package ?? builtInPackage(name), this.#services.baseDirectory);
    if (pkg.manifest.name !== name) {
      throw sondeError('SONDE_PROBE_NAME', { package: pkg.name, manifest: pkg.manifest.name, name }, { place: { pointer: '/package' } });
    }
    return pkg;
  }

  #checkTargets({ targets }: DesiredProbe): SondeError[] {
    try {
      this.#services.targets.preview(targets ?? {});
      return [];
    } catch (error) {
      const problem = asSondeError(error);
      return [problem.at({ ...problem.place, pointer: `/targets${problem.place?.pointer ?? ''}` })];
    }
  }

  async #forget(name: string): Promise<void> {
    await this.#close(name);
    this.#desired.delete(name);
  }

  async #close(name: string): Promise<void> {
    const probe = this.#probes.get(name);
    this.#probes.delete(name);
    this.#broken.delete(name);
    if (probe) this.#services.rules.setProbe(name, undefined);
    await probe?.close();
  }

  *#observations(): Iterable<ProbeObservation> {
    for (const probe of this.#probes.values()) yield probe.observation();
    for (const name of this.#broken.keys()) {
      yield { probe: name, state: 'failed', programs: { attached: 0, missing: 0 }, runs: [], maps: [] };
    }
  }
}

function brokenStatus(name: string, { package: reference, error, since }: Broken, desired: DesiredProbe): ProbeStatus {
  return {
    name,
    package: reference,
    version: '',
    description: '',
    state: 'failed',
    error: errorStatus(error),
    warnings: [],
    since: since.toISOString(),
    desired: {
      enabled: desired.enabled ?? true,
      collectors: desired.collectors ?? {},
      params: desired.params ?? {},
      targets: desired.targets ?? {},
    },
    origins: {},
    programs: [],
    maps: [],
    series: 0,
    loss: [],
  };
}
