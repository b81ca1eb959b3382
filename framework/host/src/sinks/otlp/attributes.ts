// SPDX-License-Identifier: Apache-2.0
import type { AttributeValue } from '@sonde/kit/decoder';
import type { Labels } from '../../identity/types.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import { ANY_VALUE, KEY_VALUE, RESOURCE } from './fields.ts';

/** Names of attributes are few and come again and again: `KeyValue.key` in bytes. */
const keys = new Map<string, Buffer>();
const MOST_KEYS = 10_000;

/** Writes one `KeyValue`, unless the value is ''. */
export function writeAttribute(to: ProtoWriter, field: number, name: string, value: AttributeValue): void {
  if (value === '') return;
  const key = keyOf(name);
  const pair = to.open(field);
  to.raw(key, 0, key.length);
  const any = to.open(KEY_VALUE.value);
  writeValue(to, value);
  to.close(any);
  to.close(pair);
}

/** Writes the content of an `AnyValue`. */
export function writeValue(to: ProtoWriter, value: AttributeValue): void {
  if (typeof value === 'string') to.string(ANY_VALUE.string, value.toWellFormed());
  else if (typeof value === 'boolean') to.uint(ANY_VALUE.bool, value ? 1 : 0);
  else if (Number.isSafeInteger(value)) to.int(ANY_VALUE.int, value);
  else to.double(ANY_VALUE.double, value);
}

/** Labels of a process → the content of its `Resource`; the labels are the same object until they change. */
const resources = new WeakMap<Labels, Buffer>();

export function resourceOf(labels: Labels): Buffer {
  let known = resources.get(labels);
  if (!known) {
    const writer = new ProtoWriter();
    for (const [name, value] of labels) writeAttribute(writer, RESOURCE.attributes, name, value);
    resources.set(labels, (known = writer.take()));
  }
  return known;
}

function keyOf(name: string): Buffer {
  let key = keys.get(name);
  if (!key) {
    const writer = new ProtoWriter();
    writer.string(KEY_VALUE.key, name);
    key = writer.take();
    if (keys.size < MOST_KEYS) keys.set(name, key);
  }
  return key;
}
