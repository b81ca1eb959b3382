// SPDX-License-Identifier: Apache-2.0
import { asSondeError, attachParams, sondeError, type SondeError } from '@sonde/kit';
import { EventEmitter } from 'eventemitter3';
import { EventLimits } from '../events/index.ts';
import type { ProbePackage } from '../packages/types.ts';
import type { ProbeObservation } from '../telemetry/types.ts';
import type { TargetMode } from '../targets/types.ts';
import { planOf, type DesiredPlan } from './desired-plan.ts';
import { errorStatus } from './error-status.ts';
import { EventOutlet } from './event-outlet.ts';
import { LoadedProbe, PAUSED } from './loaded-probe.ts';
import { ProgramPlan, type Task } from './program-plan.ts';
import { programStatuses, type ProgramEstimate } from './program-status.ts';
import type { ProbeServices, RunSettings, SourceServices } from './services.ts';
import type { DesiredProbe, ProbeState, ProbeStatus } from './types.ts';

export interface ProbeStateEvents {
  state: (state: ProbeState, previous: ProbeState) => void;
}

/** One probe from installed to stopped: makes what is the case follow what is wanted. Calls are taken one after the other. */
export class Probe extends EventEmitter<ProbeStateEvents> {
  readonly package: ProbePackage;
  readonly #services: SourceServices;
  #state: ProbeState = 'installed';
  #since = new Date();
  #error: SondeError | undefined;
  #plan: DesiredPlan;
  #loaded: LoadedProbe | undefined;
  #removeSource: (() => void) | undefined;
  #turn: Promise<void> = Promise.resolve();
  /** How long the last reload left nothing attached. */
  #reloadGapSeconds: number | undefined;
  /** Collectors that a budget has switched off. */
  readonly #shed = new Set<string>();
  #estimates: ReadonlyMap<string, ProgramEstimate> = new Map();

  constructor(pkg: ProbePackage, services: ProbeServices) {
    super();
    this.package = pkg;
    const outlet = new EventOutlet(services, new EventLimits(pkg.manifest.events));
    this.#services = { ...services, outlet };
    this.#plan = planOf(pkg, {}, 0);
    services.targets.on('mode', this.#onTargetMode);
  }

  get name(): string {
    return this.package.manifest.name;
  }

  get state(): ProbeState {
    return this.#state;
  }

  /** Collectors that are wanted and that no budget has switched off. */
  get activeCollectors(): string[] {
    return [...this.#plan.collectors].filter((collector) => !this.#shed.has(collector));
  }

  /** Makes the probe what is wanted. Never rejects: what fails is in the status. */
  apply(desired: DesiredProbe): Promise<void> {
    return this.#inTurn(async () => {
      const previous = this.#plan;
      try {
        const { mode } = await this.#services.targets.apply(this.name, desired.targets ?? {});
        this.#plan = planOf(this.package, desired, mode);
        this.#services.outlet.setBudget(desired.budgets?.eventsPerSecond);
        if (!this.#plan.enabled) await this.#stop('stopped');
        else if (this.#loaded === undefined) await this.#start();
        else if (this.#plan.loadKey !== previous.loadKey || this.#mayAttachNow(previous)) await this.#reload();
        else await this.#adjust();
      } catch (error) {
        await this.#fail(error);
      }
    });
  }

  restart(): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await this.#stop('stopped');
        this.#shed.clear();
        if (this.#plan.enabled) await this.#start();
      } catch (error) {
        await this.#fail(error);
      }
    });
  }

  /** Switches a collector off because of a budget, or stops the probe if it was the last. */
  shed(collector: string, reason: SondeError): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#loaded === undefined) return;
      this.#shed.add(collector);
      if (this.activeCollectors.length === 0) return this.#fail(reason);
      await this.#follow();
      this.#error = reason;
      this.#become('throttled');
    });
  }

  /** Stops for good, and gives back what the probe holds of the host. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#services.targets.off('mode', this.#onTargetMode);
      await this.#stop('stopped');
      await this.#services.targets.release(this.name);
    });
  }

  /** Run statistics since the last call are the caller's to work out. */
  programs(): ReturnType<LoadedProbe['programs']> {
    return this.#loaded?.programs() ?? [];
  }

  /** Estimated share of one CPU that its programs use. */
  get cpu(): number {
    return [...this.#estimates.values()].reduce((sum, { cpu }) => sum + cpu, 0);
  }

  /** The collector whose programs cost most of those that are on. */
  dearestCollector(): string | undefined {
    const cost = new Map(this.activeCollectors.map((collector) => [collector, 0]));
    for (const { collector, choice } of this.#loaded?.plan.tasks ?? []) {
      const sum = cost.get(collector);
      if (sum !== undefined && choice) cost.set(collector, sum + (this.#estimates.get(choice.program)?.cpu ?? 0));
    }
    return [...cost].sort(([, a], [, b]) => b - a)[0]?.[0];
  }

  observation(): ProbeObservation {
    const programs = this.programStatuses();
    return {
      probe: this.name,
      state: this.#state,
      programs: {
        attached: programs.filter(({ state }) => state === 'attached').length,
        missing: programs.filter(({ state }) => state === 'missing').length,
      },
      runs: [...this.#estimates].map(([program, { runsPerSecond, cpu }]) => ({ program, runsPerSecond, cpu })),
      maps: this.maps().map(({ name: map, entries, bytes }) => ({ map, entries, bytes })),
    };
  }

  setEstimates(estimates: ReadonlyMap<string, ProgramEstimate>): void {
    this.#estimates = estimates;
  }

  maps(): ProbeStatus['maps'] {
    return this.#loaded?.maps() ?? [];
  }

  programStatuses(): ProbeStatus['programs'] {
    const loaded = this.#loaded;
    const plan = loaded?.plan ?? new ProgramPlan(this.package.manifest);
    const active = new Set(this.activeCollectors);
    return programStatuses(plan, active, (task) => loaded?.isAttached(task) ?? false, this.programs(), this.#estimates);
  }

  status(): ProbeStatus {
    const { manifest, name, version } = this.package;
    const programs = this.programStatuses();
    return {
      name: manifest.name,
      package: name,
      version,
      description: manifest.description,
      state: this.#state,
      ...(this.#error && { error: errorStatus(this.#error) }),
      warnings: [...this.#warnings(programs), ...(this.#loaded?.missing ?? [])],
      since: this.#since.toISOString(),
      desired: {
        enabled: this.#plan.enabled,
        collectors: Object.fromEntries(Object.keys(manifest.collectors).map((c) => [c, this.#plan.collectors.has(c)])),
        params: this.#plan.given,
        targets: this.#plan.targets,
      },
      origins: {},
      programs,
      maps: this.maps(),
      series: this.#services.store.seriesCount(this.name),
      ...(this.#estimates.size > 0 && { cpu: this.cpu }),
      ...(this.#reloadGapSeconds !== undefined && { reloadGapSeconds: this.#reloadGapSeconds }),
      loss: this.#services.store.loss.rows(this.name),
    };
  }

  async #start(): Promise<void> {
    this.#error = undefined;
    this.#become('loading');
    this.#loaded = await this.#load();
    this.#removeSource = this.#services.store.addSource(this.name, () => this.#inTurn(async () => this.#loaded?.snapshot()));
    this.#become('running');
  }

  /** A loaded and attached object, each task with the first alternative that the kernel took. */
  async #load(predecessor?: LoadedProbe): Promise<LoadedProbe> {
    let plans = ProgramPlan.of(this.package);
    for (;;) {
      const loaded = await LoadedProbe.load(this.package, this.#settings(), this.#services, plans, predecessor);
      plans = [loaded.plan];
      try {
        const unserved = predecessor ? await this.#takeOver(loaded, predecessor) : await loaded.follow(this.#settings());
        if (unserved.length > 0) {
          await loaded.close();
          continue;
        }
        this.#refuseEmpty(loaded);
        return loaded;
      } catch (error) {
        await loaded.close();
        throw error;
      }
    }
  }

  /** Attaches the new object while the old one counts, then lets them change places: two stores to memory apart. */
  async #takeOver(loaded: LoadedProbe, old: LoadedProbe): Promise<Task[]> {
    const settings = this.#settings();
    const overlaps = loaded.canPause && old.canPause;
    let began = performance.now();
    if (!overlaps) await old.detach();
    const unserved = await loaded.follow(overlaps ? { ...settings, targetMode: PAUSED } : settings);
    if (overlaps && unserved.length === 0) {
      await old.snapshot(); // its iterators say nothing once it is paused
      began = performance.now();
      old.setTargetMode(PAUSED);
      loaded.setTargetMode(this.#plan.targetMode);
    }
    this.#reloadGapSeconds = (performance.now() - began) / 1000;
    return unserved;
  }

  /** A probe that attached nothing, though its collectors have programs, would be silent for ever. */
  #refuseEmpty({ plan, attached }: LoadedProbe): void {
    const wanted = plan.tasks.filter(({ collector }) => this.#plan.collectors.has(collector));
    if (attached > 0 || wanted.length === 0) return;
    const reason = wanted.flatMap(({ refusals }) => refusals.map((r) => `${r.attach}: ${r.reason}`)).join('; ');
    throw sondeError('SONDE_NO_PROGRAMS', { probe: this.name, reason });
  }

  /** Loads a second object and lets it take over; the first goes on until that one is loaded. */
  async #reload(): Promise<void> {
    const old = this.#loaded!;
    try {
      this.#loaded = await this.#load(old);
    } catch (error) {
      // what ran keeps running
      await old.follow(this.#settings());
      throw new KeptRunning(error);
    }
    await old.close();
    await this.#loaded.snapshot();
    this.#error = undefined;
    this.#become('running');
  }

  /** Whether a place that a param fills in was refused, and the params have changed: then it is worth another try. */
  #mayAttachNow(previous: DesiredPlan): boolean {
    const refused = this.#loaded!.plan.tasks.flatMap(({ refusals }) => refusals.flatMap(({ attach }) => attachParams(attach)));
    return refused.some((param) => this.#plan.params[param] !== previous.params[param]);
  }

  async #adjust(): Promise<void> {
    await this.#follow();
    if (this.#shed.size === 0) {
      this.#error = undefined;
      this.#become('running');
    }
  }

  /** Attaches and detaches; where that needs a program which was not loaded, loads the object anew. */
  async #follow(): Promise<void> {
    const unserved = await this.#loaded!.follow(this.#settings());
    if (unserved.length > 0) await this.#reload();
  }

  async #stop(state: 'stopped' | 'failed'): Promise<void> {
    const loaded = this.#loaded;
    if (loaded !== undefined) {
      this.#become('stopping');
      this.#removeSource?.();
      this.#loaded = undefined;
      await loaded.close();
    }
    this.#estimates = new Map();
    this.#become(state);
  }

  async #fail(thrown: unknown): Promise<void> {
    if (thrown instanceof KeptRunning) {
      this.#error = asSondeError(thrown.cause);
      this.#services.log('error', `${this.name}: ${this.#error.format()}; it goes on as it was`);
      return this.#become('running');
    }
    try {
      await this.#stop('failed');
    } catch (error) {
      this.#services.log('error', `${this.name}: while it was stopped: ${asSondeError(error).format()}`);
    }
    this.#error = asSondeError(thrown);
    this.#services.log('error', `${this.name}: ${this.#error.format()}`);
    this.#become('failed');
  }

  #become(state: ProbeState): void {
    if (state === this.#state) return;
    const previous = this.#state;
    this.#state = state;
    this.#since = new Date();
    this.emit('state', state, previous);
  }

  #settings(): RunSettings {
    return { ...this.#plan, collectors: new Set(this.activeCollectors) };
  }

  #warnings(programs: ProbeStatus['programs']): string[] {
    return programs
      .filter(({ state, optional }) => state === 'missing' && !optional)
      .map(({ collector, task, reasons }) => `${collector}.${task} is missing: ${reasons.map((r) => `${r.attach}: ${r.reason}`).join('; ')}`);
  }

  readonly #onTargetMode = (probe: string, mode: TargetMode): void => {
    if (probe !== this.name) return;
    this.#plan = { ...this.#plan, targetMode: mode };
    this.#loaded?.setTargetMode(mode);
  };

  #inTurn(step: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(step);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

/** A reload failed, and the object before it goes on. */
class KeptRunning extends Error {
  constructor(cause: unknown) {
    super('reload failed', { cause });
  }
}
