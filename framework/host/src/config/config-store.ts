// SPDX-License-Identifier: Apache-2.0
import { unwatchFile, watchFile } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { EventEmitter } from 'eventemitter3';
import { asSondeError, joinErrors, nearest, quoteNames, sondeError, type SondeError } from '@sonde/kit';
import type { DesiredProbe, ProbeManager, ProbeStatus } from '../probes/types.ts';
import { loadConfig, type ConfigSource } from './load-config.ts';
import { OverlayFile, type Overlays } from './overlay-file.ts';
import { join, lay, outdated, without } from './overlay.ts';
import { problemAt } from './problem-at.ts';
import { restartNeeded } from './restart-needed.ts';
import type { Config, ConfigEvents, EffectiveProbe, ProbeChange, ProbeConfig, ProbeOverlay } from './types.ts';

/** How often the file is looked at. By its status, not by inotify: that also sees a moved link, and NFS. */
const watchInterval = 500;

/**
 * The desired state of the host: `sonde.yaml` and what REST laid over it, field by field. A field of the overlay wins,
 * also after a restart, until it is lifted or the file changes that field. Changes are made one after the other, and
 * none any more once it has stopped (SONDE_STOPPING).
 */
export class ConfigStore extends EventEmitter<ConfigEvents> {
  readonly #file: string;
  readonly #overlayFile: OverlayFile;
  readonly #first: Config;
  #source: ConfigSource;
  #overlays: Overlays;
  #rejected: SondeError | undefined;
  #probes: ProbeManager | undefined;
  #stopped = false;
  readonly #started = Promise.withResolvers<void>();
  /** Changes wait for the start, then for each other. */
  #lastChange: Promise<unknown> = this.#started.promise;

  /**
   * Reads `sonde.yaml` and the overlay.
   * @throws SONDE_FILE_UNREADABLE, SONDE_OVERLAY_CORRUPT, and what `parseConfig` throws
   */
  static async open(file: string): Promise<ConfigStore> {
    const source = await loadConfig(file);
    const overlayFile = new OverlayFile(source.config.state);
    return new ConfigStore(file, source, overlayFile, await overlayFile.load());
  }

  private constructor(file: string, source: ConfigSource, overlayFile: OverlayFile, overlays: Overlays) {
    super();
    this.#file = file;
    this.#first = source.config;
    this.#source = source;
    this.#overlayFile = overlayFile;
    this.#overlays = overlays;
  }

  /** The last good configuration. */
  get config(): Config {
    return this.#source.config;
  }

  /** Why the file as it is now is not in effect; undefined if it is. */
  get rejected(): SondeError | undefined {
    return this.#rejected;
  }

  /** JSON pointers of what the file has changed since the start and a host reads only then. */
  get restartNeeded(): string[] {
    return restartNeeded(this.#first, this.config);
  }

  /** What is wanted of each probe that the file or the overlay names. */
  effective(): Map<string, EffectiveProbe> {
    return effectiveProbes(this.config, this.#overlays);
  }

  /** `effective`, without the origins. */
  desired(): Record<string, DesiredProbe> {
    return desiredOf(this.effective());
  }

  /** What is laid over the file for one probe. */
  overlay(probe: string): ProbeOverlay {
    return this.#overlays.get(probe) ?? {};
  }

  /** Brings the probes to their desired state, and from now on after each change. Watches the file. */
  async start(probes: ProbeManager): Promise<void> {
    this.#probes = probes;
    // before the probes, which take their time: what the file becomes meanwhile is taken over after them
    watchFile(this.#file, { interval: watchInterval, persistent: false }, this.#onFileChange);
    await this.#release(this.config);
    await this.#apply();
    this.#started.resolve();
  }

  /** Stops watching and waits for the change that is being made. What waits, and what comes from now on, is refused. */
  async stop(): Promise<void> {
    this.#stopped = true;
    unwatchFile(this.#file, this.#onFileChange);
    this.#started.reject(sondeError('SONDE_STOPPING', {}));
    await this.#lastChange.catch(() => {});
  }

  /**
   * Lays fields over the file, keeps them on disk, and resolves when the probe has settled. Other fields stay.
   * @throws SONDE_OVERLAY_PACKAGE, SONDE_STATE_UNWRITABLE, SONDE_PROBE_UNKNOWN, and what the manifest says against it
   */
  async lay(probe: string, change: ProbeChange): Promise<void> {
    await this.#inTurn(async () => {
      const file = inFile(this.config, probe);
      if (change.package !== undefined && file) {
        throw sondeError('SONDE_OVERLAY_PACKAGE', { probe, file: this.config.file });
      }
      const overlay = lay(this.overlay(probe), change, file);
      await this.#refuseBad(probe, change, join(file, overlay).desired);
      await this.#keep(withOverlay(this.#overlays, probe, overlay));
      await this.#apply();
    });
  }

  /**
   * Takes the overlay of a probe off: all of it, or the fields given as JSON pointers.
   * @throws SONDE_OVERLAY_FIELD_UNKNOWN, SONDE_STATE_UNWRITABLE
   */
  async lift(probe: string, pointers?: readonly string[]): Promise<void> {
    await this.#inTurn(async () => {
      const overlay = this.overlay(probe);
      for (const field of pointers ?? []) {
        if (field in overlay) continue;
        const known = quoteNames(Object.keys(overlay), 'and');
        throw sondeError('SONDE_OVERLAY_FIELD_UNKNOWN', { probe, field, known });
      }
      await this.#keep(withOverlay(this.#overlays, probe, pointers ? without(overlay, pointers) : {}));
      await this.#apply();
    });
  }

  /**
   * Stops a probe and starts it again.
   * @throws SONDE_PROBE_UNKNOWN
   */
  restart(probe: string): Promise<ProbeStatus> {
    return this.#inTurn(() => this.#probes!.restart(probe));
  }

  /** Reads the file again and takes it over if it is good; a bad one is put aside: see `rejected`. Never throws. */
  async reload(): Promise<void> {
    const reloaded = this.#inTurn(async () => {
      try {
        await this.#takeOver(await loadConfig(this.#file));
      } catch (thrown) {
        this.#rejected = asSondeError(thrown);
        this.emit('rejected', this.#rejected);
      }
    });
    // a host that stops takes nothing over
    await reloaded.catch(() => {});
  }

  /**
   * Looks at what another file would want of the probes. Those for which nothing changes are left out.
   * @throws what the manifests of the probes say against it, with places in the file
   */
  async check({ config, place }: ConfigSource): Promise<void> {
    const now = this.desired();
    const next = desiredOf(effectiveProbes(config, remaining(this.#overlays, config)));
    const problems: SondeError[] = [];
    for (const [probe, desired] of Object.entries(next)) {
      if (isDeepStrictEqual(desired, now[probe])) continue;
      const found = (await this.#probes?.validate(probe, desired)) ?? [];
      problems.push(...found.map((problem) => problemAt(problem, `/probes/${probe}`, place)));
    }
    if (problems.length > 0) throw joinErrors(problems, config.file);
  }

  readonly #onFileChange = (): void => void this.reload();

  async #takeOver(source: ConfigSource): Promise<void> {
    await this.check(source);
    const previous = this.config;
    await this.#release(source.config);
    this.#source = source;
    this.#rejected = undefined;
    this.emit('changed', source.config, previous);
    await this.#apply();
  }

  /** Lets go of the overlay's fields that a file has changed. */
  async #release(config: Config): Promise<void> {
    const released = releasedFields(this.#overlays, config);
    if (released.length === 0) return;
    await this.#keep(remaining(this.#overlays, config));
    this.emit('released', released);
  }

  /** Looks at what a change would make of a probe. Stopping it must not depend on anything else being right. */
  async #refuseBad(probe: string, change: ProbeChange, desired: DesiredProbe): Promise<void> {
    const names = [...this.effective().keys()];
    const isKnown = names.includes(probe);
    if (isKnown && onlyStops(change)) return;
    const problems = (await this.#probes?.validate(probe, desired)) ?? [];
    const isNowhere = !isKnown && !change.package && problems.some(({ code }) => code === 'SONDE_PACKAGE_NOT_FOUND');
    if (isNowhere) throw sondeError('SONDE_PROBE_UNKNOWN', { name: probe, nearest: quoteNames(nearest(probe, names)) });
    if (problems.length > 0) throw joinErrors(problems, 'the request');
  }

  async #keep(overlays: Overlays): Promise<void> {
    await this.#overlayFile.save(overlays);
    this.#overlays = overlays;
  }

  async #apply(): Promise<void> {
    await this.#probes?.reconcile(this.desired());
  }

  #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const turn = this.#lastChange.then(() => {
      if (this.#stopped) throw sondeError('SONDE_STOPPING', {});
      return change();
    });
    this.#lastChange = turn.catch(() => {});
    return turn;
  }
}

function effectiveProbes(config: Config, overlays: Overlays): Map<string, EffectiveProbe> {
  const names = new Set([...Object.keys(config.probes), ...overlays.keys()]);
  return new Map([...names].sort().map((name) => [name, effectiveProbe(config, name, overlays.get(name) ?? {})]));
}

/** The host's own targets are for a probe that has none. */
function effectiveProbe(config: Config, name: string, overlay: ProbeOverlay): EffectiveProbe {
  const { desired, origins } = join(inFile(config, name), overlay);
  if (desired.targets !== undefined || config.targets === undefined) return { desired, origins };
  return { desired: { ...desired, targets: config.targets }, origins: { ...origins, '/targets': 'file' } };
}

/** The name may come from a request, and an object also has keys that nobody wrote. */
function inFile({ probes }: Config, name: string): ProbeConfig | undefined {
  return Object.hasOwn(probes, name) ? probes[name] : undefined;
}

function desiredOf(probes: Map<string, EffectiveProbe>): Record<string, DesiredProbe> {
  return Object.fromEntries([...probes].map(([name, { desired }]) => [name, desired]));
}

function releasedFields(overlays: Overlays, config: Config): { probe: string; pointer: string }[] {
  return [...overlays].flatMap(([probe, overlay]) =>
    outdated(overlay, inFile(config, probe)).map((pointer) => ({ probe, pointer })),
  );
}

/** The overlays that are left once a file has changed some of their fields. */
function remaining(overlays: Overlays, config: Config): Overlays {
  const left = [...overlays].map(([probe, overlay]): [string, ProbeOverlay] => [
    probe,
    without(overlay, outdated(overlay, inFile(config, probe))),
  ]);
  return new Map(left.filter(([, overlay]) => Object.keys(overlay).length > 0));
}

function withOverlay(overlays: Overlays, probe: string, overlay: ProbeOverlay): Overlays {
  const others = new Map(overlays);
  if (Object.keys(overlay).length > 0) return others.set(probe, overlay);
  others.delete(probe);
  return others;
}

function onlyStops(change: ProbeChange): boolean {
  return change.enabled === false && Object.keys(change).length === 1;
}
