// SPDX-License-Identifier: Apache-2.0
import { NO_PROCESS, type AttributeValue, type EmittedEvent } from '@sonde/kit/decoder';
import type { DecoderEvent } from '../types.ts';
import { declaredAttributes } from './declared-attributes.ts';
import type { EventColumns } from './protocol.ts';
import type { Refusals } from './refusals.ts';

/** The events of one call. */
export class EventRows {
  readonly #byName: ReadonlyMap<string, { index: number; attributes: ReadonlySet<string> }>;
  readonly #refusals: Refusals;
  #kinds: number[] = [];
  #events: EmittedEvent[] = [];

  constructor(events: readonly DecoderEvent[], refusals: Refusals) {
    this.#byName = new Map(
      events.map(({ name, attributes }, index) => [name, { index, attributes: new Set(attributes) }]),
    );
    this.#refusals = refusals;
  }

  push(name: string, event: EmittedEvent): void {
    const declared = this.#byName.get(name);
    if (declared === undefined) {
      return this.#refusals.undeclared(
        `event '${name}' is not declared in the manifest with \`source: { decoder: true }\``,
      );
    }
    const attributes = declaredAttributes(`event '${name}'`, declared.attributes, event.attributes, this.#refusals);
    if (attributes === undefined) return;
    this.#kinds.push(declared.index);
    this.#events.push({ ...event, time: event.time ?? Number(process.hrtime.bigint()), attributes });
  }

  take(): EventColumns | undefined {
    if (this.#events.length === 0) return undefined;
    const events = this.#events;
    const columns = {
      kinds: Uint16Array.from(this.#kinds),
      times: Float64Array.from(events, ({ time }) => time!),
      processes: Uint32Array.from(events, ({ process = NO_PROCESS }) => process),
      weights: Float64Array.from(events, ({ weight = 1 }) => weight),
      severities: events.map(({ severity }) => severity),
      bodies: events.map(({ body }) => body),
      attributes: events.map(({ attributes }) => attributes as Record<string, AttributeValue>),
    };
    this.#kinds = [];
    this.#events = [];
    return columns;
  }
}
