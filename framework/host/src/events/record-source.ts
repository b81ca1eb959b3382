// SPDX-License-Identifier: Apache-2.0
import {
  fieldReader,
  fieldsWithMeaning,
  findStruct,
  numberReader,
  resolvePath,
  sizeOf,
  type Attributes,
  type Path,
  type RingSource,
} from '@sonde/kit';
import type { Btf, RingBatch } from '@sonde/native';
import { internedText } from '../decoders/worker/interned-text.ts';
import { RecordCursor } from '../decoders/worker/record-cursor.ts';
import type { Identity, IdentityId } from '../identity/types.ts';

/** Takes the records of a ring as a manifest's words say, without a decoder. */
export interface RecordSource {
  /** Name of the map. */
  readonly ring: string;
  /** All that the ring delivered in one wake-up, of any kind: each source takes what is its own. */
  records(batch: RingBatch): void;
  /** Values of the params, now and at each change. */
  setParams(params: Readonly<Record<string, unknown>>): void;
}

/** What is common to the records of one struct, compiled against the object's BTF. */
export interface RecordLayout {
  /** BTF id of the struct. */
  readonly type: number;
  /** Offset of the `struct sonde_process`, if the record has one. */
  readonly process: number | undefined;
  /** Values of the attributes, in the manifest's order. */
  readonly attributes: readonly ((view: DataView, base: number) => string | number)[];
  /**
   * Calls back for each record of a batch that is of this source, with where it begins; it has at least the struct's
   * bytes.
   */
  each(batch: RingBatch, take: (view: DataView, base: number) => void): void;
}

/**
 * @throws SONDE_LAYOUT_STRUCT, SONDE_LAYOUT_FIELD, SONDE_MANIFEST_FIELD for what the manifest names and the object
 * lacks
 */
export function recordLayout(
  source: RingSource,
  { process, attributes = {} }: { process?: Path; attributes?: Attributes },
  btf: Btf,
): RecordLayout {
  const type = findStruct(btf, source.struct);
  const path = process ?? fieldsWithMeaning(btf, type, 'process')[0];
  return {
    type,
    process: path === undefined ? undefined : resolvePath(btf, type, path).offset,
    attributes: Object.values(attributes).map((attribute) => attributeReader(attribute, btf, type)),
    each: eachRecord(source, sizeOf(btf, type)),
  };
}

function attributeReader(attribute: Attributes[string], btf: Btf, type: number) {
  if (typeof attribute === 'string') {
    const field = resolvePath(btf, type, attribute);
    const read = fieldReader(field);
    return internedText(field, read);
  }
  const read = numberReader(resolvePath(btf, type, attribute.from));
  return (view: DataView, base: number): string => {
    const value = read(view, base);
    return attribute.values?.[value] ?? String(value);
  };
}

function eachRecord({ ring, kind }: RingSource, size: number): RecordLayout['each'] {
  /** A record may be shorter than its struct, when its last field is of variable length: the rest is zero. */
  const whole = new Uint8Array(size);
  const wholeView = new DataView(whole.buffer);
  return ({ buffer, byteLength, count }, take) => {
    const bytes = buffer.subarray(0, byteLength);
    const cursor = new RecordCursor(ring, bytes, count);
    while (cursor.next()) {
      if (kind !== undefined && cursor.kind !== kind) continue;
      if (cursor.length >= size) {
        take(cursor.view, cursor.offset);
      } else {
        whole.fill(0).set(bytes.subarray(cursor.offset, cursor.offset + cursor.length));
        take(wholeView, 0);
      }
    }
  };
}

/** Reads the identity of a record's process; 0 where the record has none. */
export function processReader(
  { process }: RecordLayout,
  identity: Pick<Identity, 'process'>,
): (view: DataView, base: number) => IdentityId {
  if (process === undefined) return () => 0;
  return (view, base) => {
    const at = base + process;
    const start = view.getUint32(at + 8, true) + view.getUint32(at + 12, true) * 2 ** 32;
    return identity.process(view.getUint32(at, true), view.getUint32(at + 4, true), start);
  };
}

/** `struct sonde_event`, with which each record begins. */
export function eventHeader(view: DataView, base: number): { time: number; weight: number } {
  return {
    time: view.getUint32(base, true) + view.getUint32(base + 4, true) * 2 ** 32,
    weight: view.getUint32(base + 12, true) || 1,
  };
}
