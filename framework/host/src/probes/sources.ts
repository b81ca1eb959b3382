// SPDX-License-Identifier: Apache-2.0
import { sourceLayout, type Entity, type MapSource as ManifestMapSource } from '@sonde/kit';
import type { BpfObject } from '@sonde/native';
import type { ProbePackage } from '../packages/types.ts';
import { DecoderSource } from './decoder-source.ts';
import { entityColumns } from './entity-columns.ts';
import { entityDefinition } from './entity-definition.ts';
import { MapSource } from './map-source.ts';
import { ProcfsSources } from './procfs-sources.ts';
import { RingSources } from './ring-sources.ts';
import type { RunSettings, SourceServices } from './services.ts';
import { isCreated } from './used-maps.ts';

/** Everything that a running probe's data comes from. */
export class Sources {
  readonly #maps: readonly MapSource[];
  readonly #rings: RingSources;
  readonly #procfs: ProcfsSources;
  readonly #decoder: DecoderSource | undefined;
  readonly #services: SourceServices;

  /** Compiles the manifest against the object and opens readers and rings, before anything is attached. */
  static async open(pkg: ProbePackage, object: BpfObject | undefined, settings: RunSettings, services: SourceServices): Promise<Sources> {
    const decoder = await DecoderSource.open(pkg, object, settings, services);
    const maps = object === undefined ? [] : mapSources(pkg, object, settings, services);
    const rings = new RingSources(pkg, object, settings, decoder, services);
    return new Sources(maps, rings, new ProcfsSources(pkg, settings, services), decoder, services);
  }

  private constructor(
    maps: readonly MapSource[],
    rings: RingSources,
    procfs: ProcfsSources,
    decoder: DecoderSource | undefined,
    services: SourceServices,
  ) {
    this.#maps = maps;
    this.#rings = rings;
    this.#procfs = procfs;
    this.#decoder = decoder;
    this.#services = services;
  }

  /** Readies what takes time, before the collectors are switched. */
  async wake(settings: RunSettings): Promise<void> {
    await this.#decoder?.wake(settings);
  }

  /** Collectors and params that decide which metrics, events and spans are on. */
  async follow(settings: RunSettings): Promise<void> {
    for (const source of this.#maps) source.follow(settings.collectors);
    this.#rings.follow(settings);
    this.#rings.consume();
    this.#procfs.follow(settings.collectors);
    await this.#decoder?.follow(settings);
  }

  /** Adds all differences since the last time. Every process that the kernel has named by then is known before its row is. */
  async snapshot(): Promise<void> {
    const reads = await Promise.all(this.#maps.map((source) => source.read()));
    this.#rings.consume();
    this.#services.identity.settle();
    for (const [i, source] of this.#maps.entries()) {
      await source.apply(reads[i]!);
      await source.deleteEnded(reads[i]!.changes);
    }
    await Promise.all([this.#procfs.snapshot(), this.#decoder?.snapshot()]);
  }

  /** Entries of a map at the last snapshot; undefined for a map that is not read. */
  entries(map: string): number | undefined {
    return this.#maps.find((source) => source.map.info.name === map)?.entries ?? this.#decoder?.entries(map);
  }

  /** What could not be opened, one line each: the probe runs without it. */
  get missing(): string[] {
    return [...this.#procfs.missing];
  }

  async close(): Promise<void> {
    this.#rings.close();
    await this.#decoder?.stop();
    for (const source of this.#maps) source.close();
    this.#procfs.close();
  }
}

/** One reader a map, however many entities look at it. */
function mapSources(pkg: ProbePackage, object: BpfObject, settings: RunSettings, services: SourceServices): MapSource[] {
  const byMap = Map.groupBy(
    Object.entries(pkg.manifest.entities ?? {}).filter(([, { source }]) => 'map' in source),
    ([, { source }]) => (source as ManifestMapSource).map,
  );
  return [...byMap].filter(([map]) => isCreated(object, map)).map(([map, entities]) => {
    const overflow = `${map}__overflow`;
    const compiled = entities.map(([name, entity]) => compileEntity(pkg, object, name, entity, services));
    const companion = object.maps.some((other) => other.name === overflow) ? object.map(overflow) : undefined;
    const source = new MapSource(object.map(map), companion, compiled, services.identity);
    source.follow(settings.collectors);
    return source;
  });
}

function compileEntity({ manifest }: ProbePackage, object: BpfObject, name: string, entity: Entity, { store }: SourceServices) {
  const layout = sourceLayout(object, entity.source as ManifestMapSource);
  return {
    columns: entityColumns(entity, layout, object.btf),
    table: store.define(entityDefinition(manifest.name, name, entity, object.btf, layout.resolve)),
  };
}
