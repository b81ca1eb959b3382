// SPDX-License-Identifier: Apache-2.0
import type { EventKind, RingSource } from '@sonde/kit';
import type { AttributeValue } from '@sonde/kit/decoder';
import type { Btf } from '@sonde/native';
import type { Identity } from '../identity/types.ts';
import { eventHeader, processReader, recordLayout, type RecordSource } from './record-source.ts';
import type { EventRecord } from './types.ts';

export interface EventSourceServices {
  readonly identity: Pick<Identity, 'process'>;
  emit(event: EventRecord): void;
  /** CLOCK_REALTIME − CLOCK_MONOTONIC, nanoseconds. */
  clockOffset(): number;
}

/**
 * An event of a manifest with the source `ring`: each record of its struct and kind becomes one event, while the param
 * `when` is true. An attribute that is empty is left out.
 * @throws as {@link recordLayout}
 */
export function compileEventSource(
  probe: string,
  name: string,
  event: EventKind & { source: RingSource },
  btf: Btf,
  { identity, emit, clockOffset }: EventSourceServices,
): RecordSource {
  const { source, severity, body, when } = event;
  const layout = recordLayout(source, event, btf);
  const readProcess = processReader(layout, identity);
  const names = Object.keys(event.attributes ?? {});
  let isOn = true;

  const attributesAt = (view: DataView, base: number): Record<string, AttributeValue> => {
    const attributes: Record<string, AttributeValue> = {};
    layout.attributes.forEach((read, i) => {
      const value = read(view, base);
      if (value !== '') attributes[names[i]!] = value;
    });
    return attributes;
  };

  return {
    ring: source.ring,
    records(batch) {
      if (!isOn) return;
      const offset = clockOffset();
      layout.each(batch, (view, base) => {
        const header = eventHeader(view, base);
        emit({
          probe,
          name,
          time: header.time + offset,
          severity,
          ...(body !== undefined && { body }),
          identity: readProcess(view, base),
          attributes: attributesAt(view, base),
          weight: header.weight,
        });
      });
    },
    setParams(params) {
      isOn = when === undefined || params[when] === true;
    },
  };
}
