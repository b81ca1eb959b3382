// SPDX-License-Identifier: Apache-2.0
import type { Manifest } from '@sonde/kit';
import type { BpfObject, MapReader, RingBatch } from '@sonde/native';
import { assertDecoderAllowed, DecoderWorker, type DecoderEvent, type DecoderSpan } from '../decoders/index.ts';
import { isBuiltIn } from '../packages/find-package.ts';
import type { ProbePackage } from '../packages/types.ts';
import { entityDefinition } from './entity-definition.ts';
import { decoderParams } from './object-settings.ts';
import type { RunSettings, SourceServices } from './services.ts';

type Start = (params: RunSettings['params']) => Promise<DecoderWorker>;

/**
 * A package's decoder, fed with the rings and maps that the manifest hands to it. It runs only while a collector is on
 * that something it emits belongs to.
 */
export class DecoderSource {
  readonly #pkg: ProbePackage;
  readonly #start: Start;
  readonly #readers: ReadonlyMap<string, MapReader>;
  readonly #entries = new Map<string, number>();
  #worker: DecoderWorker | undefined;
  #params = '';

  /**
   * Of a package that has a decoder.
   * @throws SONDE_DECODER_NOT_ALLOWED, SONDE_DECODER_FAILED
   */
  static async open(
    pkg: ProbePackage,
    object: BpfObject | undefined,
    settings: RunSettings,
    services: SourceServices,
  ): Promise<DecoderSource | undefined> {
    const { decoderFile: file } = pkg;
    if (file === undefined) return undefined;
    if (!isBuiltIn(pkg.name, pkg.directory)) assertDecoderAllowed(pkg, services.allow());
    const source = new DecoderSource(pkg, object, (params) => startWorker(pkg, file, object, params, services));
    await source.wake(settings);
    return source;
  }

  private constructor(pkg: ProbePackage, object: BpfObject | undefined, start: Start) {
    this.#pkg = pkg;
    this.#start = start;
    this.#readers = new Map(object === undefined ? [] : mapsOf(pkg).map((map) => [map, object.map(map).reader()]));
  }

  records(ring: string, batch: RingBatch): void {
    this.#worker?.records(ring, batch);
  }

  /** Starts it, if it is wanted: to be called before what it is wanted for is switched on. @throws SONDE_DECODER_FAILED */
  async wake({ collectors, params }: RunSettings): Promise<void> {
    if (this.#worker !== undefined || !isWanted(this.#pkg.manifest, collectors)) return;
    this.#worker = await this.#start(params);
    this.#params = JSON.stringify(decoderParams(this.#pkg.manifest, params));
  }

  /** Hands on params, and stops it if it is not wanted any more. */
  async follow({ collectors, params }: RunSettings): Promise<void> {
    if (!isWanted(this.#pkg.manifest, collectors)) return this.#rest();
    const theirs = decoderParams(this.#pkg.manifest, params);
    const text = JSON.stringify(theirs);
    if (text === this.#params) return;
    this.#params = text;
    void this.#worker?.params(theirs);
  }

  /** Hands over what changed in its maps, and resolves when all that was queued is in the series. */
  async snapshot(): Promise<void> {
    const worker = this.#worker;
    if (!worker?.ready) return;
    await Promise.all(
      [...this.#readers].map(async ([map, reader]) => {
        const changes = await reader.collect();
        this.#entries.set(map, changes.total);
        await worker.snapshot(map, changes);
      }),
    );
    await worker.tick();
  }

  entries(map: string): number | undefined {
    return this.#entries.get(map);
  }

  async stop(): Promise<void> {
    await this.#rest();
    for (const reader of this.#readers.values()) reader.close();
  }

  async #rest(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.stop();
  }
}

/** Whether anything that the decoder emits belongs to no collector, or to one that is on. */
function isWanted({ entities = {}, events = {}, spans = {} }: Manifest, collectors: ReadonlySet<string>): boolean {
  const declared = [
    ...fromDecoder(entities).flatMap(([, { metrics }]) => Object.values(metrics)),
    ...fromDecoder(events).map((): { collector?: string } => ({})),
    ...Object.values(spans),
  ];
  return declared.some(({ collector }) => collector === undefined || collectors.has(collector));
}

async function startWorker(
  { manifest }: ProbePackage,
  file: string,
  object: BpfObject | undefined,
  params: RunSettings['params'],
  services: SourceServices,
): Promise<DecoderWorker> {
  const entities = fromDecoder(manifest.entities).map(([name, entity]) => entityDefinition(manifest.name, name, entity));
  const { identity, store, outlet } = services;
  outlet.declare(manifest.name);
  if (manifest.spans) outlet.declareSpans(manifest.name);
  const worker = new DecoderWorker(
    {
      probe: manifest.name,
      file,
      btf: object?.btf.types ?? [],
      maps: Object.fromEntries((object?.maps ?? []).map(({ name, keyType, valueType }) => [name, { keyType, valueType }])),
      entities,
      events: decoderEvents(manifest),
      spans: decoderSpans(manifest),
      params: decoderParams(manifest, params),
    },
    {
      tables: entities.map((definition) => store.define(definition)),
      identity,
      loss: store.loss,
      emit: (event) => outlet.emit(event),
      emitSpan: (span) => outlet.emitSpan(span),
      clockOffset: () => services.clockOffset(),
    },
  );
  worker.on('failed', ({ error }, delay) => {
    const next = delay === undefined ? 'cannot be ended: restart the probe to try again' : `starts again in ${delay} ms`;
    services.log('warn', `${manifest.name}: the decoder failed and ${next}: ${error}`);
  });
  worker.on('refused', (message) => services.log('warn', `${manifest.name}: ${message}`));
  await worker.start();
  return worker;
}

function decoderEvents({ events }: Manifest): DecoderEvent[] {
  return fromDecoder(events).map(([name, { severity, body, attributes }]) => ({
    name,
    severity,
    ...(body !== undefined && { body }),
    attributes: Object.keys(attributes ?? {}),
  }));
}

function decoderSpans({ spans = {} }: Manifest): DecoderSpan[] {
  return Object.entries(spans).map(([name, { kind, attributes }]) => ({ name, kind, attributes: Object.keys(attributes ?? {}) }));
}

function fromDecoder<Declared extends { source: object }>(declared: Record<string, Declared> = {}): [string, Declared][] {
  return Object.entries(declared).filter(([, { source }]) => 'decoder' in source);
}

/** The maps that entities of the decoder name. */
function mapsOf({ manifest }: ProbePackage): string[] {
  const named = Object.values(manifest.entities ?? {}).flatMap(({ source }) => ('decoder' in source ? (source.maps ?? []) : []));
  return [...new Set(named)];
}
