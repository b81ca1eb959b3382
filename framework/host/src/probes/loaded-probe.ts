// SPDX-License-Identifier: Apache-2.0
import { joinErrors } from '@sonde/kit';
import type { BpfObject, ProgramStats } from '@sonde/native';
import type { ProbePackage } from '../packages/types.ts';
import type { TargetMode } from '../targets/types.ts';
import { Attachments } from './attachments.ts';
import { checkObjects } from './check-objects.ts';
import { loadFirstFit } from './load-object.ts';
import { withKernelNames } from './kernel-names.ts';
import { LossSource } from './loss-source.ts';
import { setAttachTargets, writeCollectors, writeLiveParams, writeOwn, writeParams } from './object-settings.ts';
import type { ProgramPlan, Task } from './program-plan.ts';
import type { RunSettings, SourceServices } from './services.ts';
import { Sources } from './sources.ts';
import { isCreated, usedMaps } from './used-maps.ts';
import type { MapStatus } from './types.ts';

/** The map that all probes share (`sonde/target.h`). */
const TARGETS = 'sonde_targets';
const TARGET_MODE = 'sonde_target_mode';
/** In the target mode: count nothing (`SONDE_TARGET_PAUSED`). */
export const PAUSED: TargetMode = 8;

/** Tells the objects that this host loads apart. */
let generation = 0;

/**
 * One object of a probe in the kernel, from load to close. A param that needs a reload makes a second one, which takes over
 * from the first; totals live in the series store and know nothing of it.
 */
export class LoadedProbe {
  readonly plan: ProgramPlan;
  readonly #package: ProbePackage;
  readonly #object: BpfObject | undefined;
  readonly #attachments: Attachments | undefined;
  readonly #sources: Sources;
  readonly #loss: LossSource | undefined;
  #collectors: ReadonlySet<string> = new Set();

  /**
   * Loads the object of one of the plans, with nothing attached yet: which, `plan` says. The maps that the manifest keeps
   * are the predecessor's.
   * @throws what `loadObject` and the manifest's check throw; then nothing is left behind
   */
  static async load(
    { manifest, ...rest }: ProbePackage,
    settings: RunSettings,
    services: SourceServices,
    plans: readonly ProgramPlan[],
    predecessor?: LoadedProbe,
  ): Promise<LoadedProbe> {
    const pkg = { ...rest, manifest: await withKernelNames(manifest) };
    const { object, plan } = await load(pkg, settings, services, plans, predecessor && predecessor.#object);
    try {
      return new LoadedProbe(pkg, object, plan, await Sources.open(pkg, object, settings, services), services);
    } catch (error) {
      await object?.close();
      throw error;
    }
  }

  private constructor(
    pkg: ProbePackage,
    object: BpfObject | undefined,
    plan: ProgramPlan,
    sources: Sources,
    { store }: SourceServices,
  ) {
    this.#package = pkg;
    this.#object = object;
    this.#attachments = object && new Attachments(object, plan);
    this.#sources = sources;
    this.#loss = object && new LossSource(object, pkg.manifest.name, store);
    this.plan = plan;
  }

  /**
   * Makes collectors, params and the target mode what they are to be, and touches nothing else. What collectors that go
   * have counted is added to the series first.
   * @returns tasks that want a program which this object has not loaded
   */
  async follow(settings: RunSettings): Promise<Task[]> {
    await this.#sources.wake(settings);
    const staying = new Set([...this.#collectors].filter((collector) => settings.collectors.has(collector)));
    const someLeave = staying.size < this.#collectors.size;
    if (someLeave) await this.#attachments?.beforeSnapshot();
    if (this.#object !== undefined) {
      writeLiveParams(this.#object, this.#package.manifest, settings.params);
      writeCollectors(this.#object, this.#package.manifest, settings.collectors);
      this.setTargetMode(settings.targetMode);
    }
    if (someLeave) {
      await this.#attachments?.keep(staying);
      await this.#sources.snapshot();
    }
    this.#collectors = settings.collectors;
    await this.#sources.follow(settings);
    return (await this.#attachments?.follow(settings.collectors, settings.params)) ?? [];
  }

  /** Whether its programs ask the kit's target check, so that they can be told to count nothing. */
  get canPause(): boolean {
    return this.#object?.globals.some(({ name }) => name === TARGET_MODE) ?? false;
  }

  setTargetMode(mode: TargetMode): void {
    if (this.#object !== undefined) writeOwn(this.#object, TARGET_MODE, mode);
  }

  isAttached(task: Task): boolean {
    return this.#attachments?.isAttached(task) ?? false;
  }

  get attached(): number {
    return this.#attachments?.count ?? 0;
  }

  /** What the probe runs without, besides programs. */
  get missing(): string[] {
    return this.#sources.missing;
  }

  /** Adds what changed in the kernel since the last time to the series and the ledger. */
  async snapshot(): Promise<void> {
    await this.#attachments?.beforeSnapshot();
    await this.#sources.snapshot();
    await this.#loss?.collect();
  }

  async detach(): Promise<void> {
    await this.#attachments?.detachAll();
  }

  /** Detaches, takes a last snapshot, and leaves nothing in the kernel. */
  async close(): Promise<void> {
    try {
      await this.detach();
      await this.snapshot();
    } finally {
      this.#loss?.close();
      await this.#sources.close();
      await this.#object?.close();
    }
  }

  programs(): ProgramStats[] {
    return this.#object?.programStats() ?? [];
  }

  maps(): MapStatus[] {
    return (this.#object?.maps ?? []).flatMap(({ name }) => {
      const entries = this.#sources.entries(name);
      if (entries === undefined) return [];
      const map = this.#object!.map(name);
      return { name, type: map.info.type, entries, maxEntries: map.info.maxEntries, bytes: map.memoryBytes() };
    });
  }
}

async function load(
  pkg: ProbePackage,
  { params, targetMode }: RunSettings,
  { targets, watchSelf }: SourceServices,
  plans: readonly ProgramPlan[],
  predecessor: BpfObject | undefined,
): Promise<{ object?: BpfObject; plan: ProgramPlan }> {
  const [first] = plans;
  if (first?.objectFile === undefined) return { plan: first! };
  const problems = await checkObjects(pkg);
  if (problems.length > 0) throw joinErrors(problems, pkg.source.file);
  const bit = targets.bitFor(pkg.manifest.name);
  return loadFirstFit(plans, (object, plan) => {
    writeParams(object, pkg.manifest, params);
    setAttachTargets(object, plan, params);
    writeOwn(object, 'sonde_probe_bit', bit);
    writeOwn(object, TARGET_MODE, targetMode);
    writeOwn(object, 'sonde_generation', ++generation);
    writeOwn(object, 'sonde_self', watchSelf() ? 0 : process.pid);
    const used = usedMaps(object, plan.programs);
    const kept = predecessor === undefined ? [] : (pkg.manifest.keep ?? []);
    for (const { name } of object.maps) {
      if (!used.has(name)) object.setMapAutocreate(name, false);
      else if (name === TARGETS) object.reuseMap(name, targets.map);
      else if (kept.includes(name) && isCreated(predecessor!, name)) object.reuseMap(name, predecessor!.map(name));
    }
  });
}
