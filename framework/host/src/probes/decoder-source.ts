// SPDX-License-Identifier: Apache-2.0
import type { BpfObject, MapReader, RingBatch } from '@sonde/native';
import { assertDecoderAllowed, DecoderWorker, type DecoderEvent } from '../decoders/index.ts';
import type { ProbePackage } from '../packages/types.ts';
import { entityDefinition } from './entity-definition.ts';
import { decoderParams } from './object-settings.ts';
import type { RunSettings, SourceServices } from './services.ts';

/** A package's decoder, fed with the rings and maps that the manifest hands to it. */
export class DecoderSource {
  readonly #worker: DecoderWorker;
  readonly #readers: ReadonlyMap<string, MapReader>;
  readonly #entries = new Map<string, number>();
  readonly #pkg: ProbePackage;
  #params: string;

  /**
   * Starts the worker of a package that has a decoder.
   * @throws SONDE_DECODER_NOT_ALLOWED, SONDE_DECODER_FAILED
   */
  static async start(
    pkg: ProbePackage,
    object: BpfObject | undefined,
    params: RunSettings['params'],
    services: SourceServices,
  ): Promise<DecoderSource | undefined> {
    if (pkg.decoderFile === undefined) return undefined;
    assertDecoderAllowed(pkg.name, pkg.directory, services.allow());
    const worker = workerOf(pkg, pkg.decoderFile, object, params, services);
    worker.on('failed', ({ error }, delay) => {
      services.log('warn', `${pkg.manifest.name}: the decoder failed and starts again in ${delay} ms: ${error}`);
    });
    worker.on('refused', (message) => services.log('warn', `${pkg.manifest.name}: ${message}`));
    await worker.start();
    return new DecoderSource(pkg, worker, object, params);
  }

  private constructor(pkg: ProbePackage, worker: DecoderWorker, object: BpfObject | undefined, params: RunSettings['params']) {
    this.#pkg = pkg;
    this.#worker = worker;
    this.#params = JSON.stringify(decoderParams(pkg.manifest, params));
    this.#readers = new Map(object === undefined ? [] : mapsOf(pkg).map((map) => [map, object.map(map).reader()]));
  }

  records(ring: string, batch: RingBatch): void {
    this.#worker.records(ring, batch);
  }

  follow(params: RunSettings['params']): void {
    const theirs = decoderParams(this.#pkg.manifest, params);
    const text = JSON.stringify(theirs);
    if (text === this.#params) return;
    this.#params = text;
    void this.#worker.params(theirs);
  }

  /** Hands over what changed in its maps, and resolves when all that was queued is in the series. */
  async snapshot(): Promise<void> {
    if (!this.#worker.ready) return;
    await Promise.all(
      [...this.#readers].map(async ([map, reader]) => {
        const changes = await reader.collect();
        this.#entries.set(map, changes.total);
        await this.#worker.snapshot(map, changes);
      }),
    );
    await this.#worker.tick();
  }

  entries(map: string): number | undefined {
    return this.#entries.get(map);
  }

  async stop(): Promise<void> {
    await this.#worker.stop();
    for (const reader of this.#readers.values()) reader.close();
  }
}

function workerOf(
  { manifest }: ProbePackage,
  file: string,
  object: BpfObject | undefined,
  params: RunSettings['params'],
  services: SourceServices,
): DecoderWorker {
  const entities = Object.entries(manifest.entities ?? {})
    .filter(([, { source }]) => 'decoder' in source)
    .map(([name, entity]) => entityDefinition(manifest.name, name, entity));
  const { identity, store, outlet } = services;
  outlet.declare(manifest.name);
  return new DecoderWorker(
    {
      probe: manifest.name,
      file,
      btf: object?.btf.types ?? [],
      maps: Object.fromEntries((object?.maps ?? []).map(({ name, keyType, valueType }) => [name, { keyType, valueType }])),
      entities,
      events: decoderEvents(manifest),
      params: decoderParams(manifest, params),
    },
    {
      tables: entities.map((definition) => store.define(definition)),
      identity,
      loss: store.loss,
      emit: (event) => outlet.emit(event),
      clockOffset: () => services.clockOffset(),
    },
  );
}

function decoderEvents({ events = {} }: ProbePackage['manifest']): DecoderEvent[] {
  return Object.entries(events)
    .filter(([, { source }]) => 'decoder' in source)
    .map(([name, { severity, body, attributes }]) => ({
      name,
      severity,
      ...(body !== undefined && { body }),
      attributes: Object.keys(attributes ?? {}),
    }));
}

/** The maps that entities of the decoder name. */
function mapsOf({ manifest }: ProbePackage): string[] {
  const named = Object.values(manifest.entities ?? {}).flatMap(({ source }) => ('decoder' in source ? (source.maps ?? []) : []));
  return [...new Set(named)];
}
