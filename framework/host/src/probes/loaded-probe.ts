// SPDX-License-Identifier: Apache-2.0
import type { ParamValue } from '@sonde/kit';
import type { BpfObject, ProgramStats } from '@sonde/native';
import type { ProbePackage } from '../packages/types.ts';
import type { TargetMode } from '../targets/types.ts';
import { Attachments } from './attachments.ts';
import { loadObject } from './load-object.ts';
import { LossSource } from './loss-source.ts';
import { MapSource } from './map-source.ts';
import { usedMaps } from './used-maps.ts';
import { writeGlobal, writeLiveParams, writeParams } from './object-settings.ts';
import { ProgramPlan, type Task } from './program-plan.ts';
import type { ProbeServices } from './services.ts';
import { openSources, type Sources } from './sources.ts';
import type { MapStatus } from './types.ts';

type Params = Readonly<Record<string, ParamValue>>;

/** How a probe is to run: everything that its desired state comes to. */
export interface RunSettings {
  params: Params;
  collectors: ReadonlySet<string>;
  targetMode: TargetMode;
}

/**
 * One object of a probe in the kernel, from load to close. A param that needs a reload makes a second one, which takes over
 * from the first; totals live in the series store and know nothing of it.
 */
export class LoadedProbe {
  readonly plan: ProgramPlan;
  readonly #package: ProbePackage;
  readonly #object: BpfObject;
  readonly #attachments: Attachments;
  readonly #sources: Sources;
  readonly #loss: LossSource | undefined;

  /** Loads the object, with nothing attached yet. @throws what `loadObject` throws; then nothing is left behind */
  static async load(pkg: ProbePackage, settings: RunSettings, services: ProbeServices, plan = new ProgramPlan(pkg.manifest)): Promise<LoadedProbe> {
    const { name } = pkg.manifest;
    const bit = services.targets.bitFor(name);
    const object = await loadObject(pkg.objectFile, plan, (opened) => {
      writeParams(opened, pkg.manifest, settings.params);
      writeGlobal(opened, 'sonde_probe_bit', bit);
      writeGlobal(opened, 'sonde_target_mode', settings.targetMode);
      const used = usedMaps(opened, plan.programs);
      for (const map of opened.maps) {
        if (!used.has(map.name)) opened.setMapAutocreate(map.name, false);
        else if (map.name === 'sonde_targets') opened.reuseMap(map.name, services.targets.map);
      }
    });
    try {
      return new LoadedProbe(pkg, object, plan, await openSources(pkg, object, settings.params, services), LossSource.of(object, name, services.store));
    } catch (error) {
      await object.close();
      throw error;
    }
  }

  private constructor(pkg: ProbePackage, object: BpfObject, plan: ProgramPlan, sources: Sources, loss: LossSource | undefined) {
    this.#package = pkg;
    this.#object = object;
    this.#attachments = new Attachments(object, plan);
    this.#sources = sources;
    this.#loss = loss;
    this.plan = plan;
  }

  /** Attaches what the collectors want and detaches the rest. @returns tasks that want a program this object has not loaded */
  follow({ collectors, params }: RunSettings): Promise<Task[]> {
    return this.#attachments.follow(collectors, params);
  }

  setParams(params: Params): void {
    writeLiveParams(this.#object, this.#package.manifest, params);
    this.#sources.setParams(params);
  }

  setTargetMode(mode: TargetMode): void {
    writeGlobal(this.#object, 'sonde_target_mode', mode);
  }

  isAttached(task: Task): boolean {
    return this.#attachments.isAttached(task);
  }

  get attached(): number {
    return this.#attachments.count;
  }

  /** Adds what changed in the kernel since the last time to the series and the ledger. */
  async snapshot(): Promise<void> {
    await this.#sources.snapshot();
    await this.#loss?.collect();
  }

  detach(): Promise<void> {
    return this.#attachments.detachAll();
  }

  /** Detaches, takes a last snapshot, and leaves nothing in the kernel. */
  async close(): Promise<void> {
    try {
      await this.detach();
      await this.snapshot();
      await this.#sources.drain();
    } finally {
      this.#loss?.close();
      await this.#sources.close();
      await this.#object.close();
    }
  }

  programs(): ProgramStats[] {
    return this.#object.programStats();
  }

  maps(): MapStatus[] {
    return this.#object.maps.flatMap(({ name, type, maxEntries }) => {
      const entries = this.#sources.entries(name);
      return entries === undefined ? [] : [{ name, type, entries, maxEntries, bytes: this.#object.map(name).memoryBytes() }];
    });
  }
}
