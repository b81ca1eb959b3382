// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '../errors/index.ts';
import { littleEndian } from './integers.ts';
import { isNumeric } from './read.ts';
import type { FieldLayout } from './types.ts';

/** Makes the bytes of a field from a value. */
export type FieldWriter = (value: boolean | number | string) => Uint8Array;

/**
 * Writer of a field of a global variable: a number or boolean into a numeric field, text into a char array.
 * @throws SONDE_LAYOUT_TYPE for a struct, an array or a bit field; the writer throws it for a value that does not fit
 */
export function fieldWriter(field: FieldLayout): FieldWriter {
  if (field.kind === 'chars' || field.kind === 'comm') return (value) => textBytes(field, String(value));
  if (!isNumeric(field) || field.bits) throw refuse(field, 'be written: a number, a boolean or a char array can');
  return (value) => numberBytes(field, Number(value));
}

function textBytes(field: FieldLayout, text: string): Uint8Array {
  const bytes = new Uint8Array(field.size);
  const encoded = new TextEncoder().encode(text);
  if (encoded.length >= field.size)
    throw refuse(field, `hold '${text}': with its end it has ${encoded.length + 1} bytes`);
  bytes.set(encoded);
  return bytes;
}

function numberBytes(field: FieldLayout, value: number): Uint8Array {
  const { kind, size, signed } = field;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  if (kind === 'f') {
    if (size === 4) view.setFloat32(0, value, littleEndian);
    else view.setFloat64(0, value, littleEndian);
    return bytes;
  }
  const bits = kind === 'bool' ? 1 : size * 8;
  const [lowest, end] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1)] : [0, 2 ** bits];
  if (!Number.isInteger(value) || value < lowest || value >= end) throw refuse(field, `hold ${value}`);
  const wide = new DataView(new ArrayBuffer(8));
  wide.setBigInt64(0, BigInt.asIntN(64, BigInt(value)), littleEndian);
  bytes.set(new Uint8Array(wide.buffer, 0, size));
  return kind === 'portBe' ? bytes.reverse() : bytes;
}

function refuse({ typeName }: FieldLayout, use: string): Error {
  return sondeError('SONDE_LAYOUT_TYPE', { type: typeName, use });
}
