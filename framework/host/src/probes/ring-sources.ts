// SPDX-License-Identifier: Apache-2.0
import { sourceLayout, type Entity, type EventKind, type RingSource as ManifestRingSource } from '@sonde/kit';
import { openRing, type BpfObject, type Ring } from '@sonde/native';
import { compileEventSource, compileRingSource, type RecordSource, type RingEntitySource } from '../events/index.ts';
import type { ProbePackage } from '../packages/types.ts';
import type { DecoderSource } from './decoder-source.ts';
import { entityDefinition } from './entity-definition.ts';
import type { RunSettings, SourceServices } from './services.ts';
import { isCreated } from './used-maps.ts';

type FromRing<Declared> = Declared & { source: ManifestRingSource };

/** The rings of an object: what each delivers goes to the entities and events that name it, and to the decoder. */
export class RingSources {
  readonly #rings: readonly Ring[];
  readonly #entities: readonly RingEntitySource[];
  readonly #events: readonly RecordSource[];

  constructor(
    { manifest }: ProbePackage,
    object: BpfObject | undefined,
    settings: RunSettings,
    decoder: DecoderSource | undefined,
    services: SourceServices,
  ) {
    if (object === undefined) {
      this.#rings = this.#entities = this.#events = [];
      return;
    }
    const { name: probe, entities = {}, events = {} } = manifest;
    this.#entities = fromRings(entities).map(([name, entity]) => entitySource(probe, name, entity, object, services));
    this.#events = fromRings(events).map(([name, event]) =>
      compileEventSource(probe, name, event, object.btf, {
        identity: services.identity,
        emit: (record) => services.outlet.emit(record),
        clockOffset: () => services.clockOffset(),
      }),
    );
    if (this.#events.length > 0) services.outlet.declare(probe);
    this.follow(settings);
    this.#rings = object.maps
      .filter(({ type, name }) => type === 'ringbuf' && isCreated(object, name))
      .map(({ name }) => this.#open(object, name, decoder));
  }

  follow({ params }: RunSettings): void {
    for (const source of [...this.#entities, ...this.#events]) source.setParams(params);
  }

  /** Takes what is in the rings now. */
  consume(): void {
    for (const ring of this.#rings) ring.consume();
  }

  close(): void {
    for (const ring of this.#rings) ring.close();
    for (const source of this.#entities) source.close();
  }

  #open(object: BpfObject, name: string, decoder: DecoderSource | undefined): Ring {
    const sources = [...this.#entities, ...this.#events].filter(({ ring }) => ring === name);
    return openRing(object.map(name), (batch) => {
      for (const source of sources) source.records(batch);
      decoder?.records(name, batch);
    });
  }
}

function fromRings<Declared extends Entity | EventKind>(declared: Record<string, Declared>): [string, FromRing<Declared>][] {
  return Object.entries(declared).filter((entry): entry is [string, FromRing<Declared>] => 'ring' in entry[1].source);
}

function entitySource(
  probe: string,
  name: string,
  entity: FromRing<Entity>,
  object: BpfObject,
  { store, identity }: SourceServices,
): RingEntitySource {
  const { resolve } = sourceLayout(object, entity.source);
  return compileRingSource(entity, object.btf, store.define(entityDefinition(probe, name, entity, object.btf, resolve)), { identity });
}
