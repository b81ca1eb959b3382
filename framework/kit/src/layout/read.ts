// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';
import { sondeError, type SondeError } from '../errors/index.ts';
import { bitsReader, integerReader, littleEndian, type Reader } from './integers.ts';
import { ipAddress } from './ip-address.ts';
import type { FieldKind, FieldLayout } from './types.ts';

const decoder = new TextDecoder();
const errnoNames = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** Kinds whose readers give text. */
const textKinds: readonly FieldKind[] = ['chars', 'comm', 'ip', 'enum', 'errno', 'dev'];
/** Kinds that are no single value. */
const compoundKinds: readonly FieldKind[] = ['struct', 'process', 'histogram', 'sizeHistogram'];

/**
 * Reader of a field as it is shown: text for char arrays, addresses, enums, error numbers and devices, seconds for
 * nanoseconds, numbers for the rest.
 * @throws SONDE_LAYOUT_TYPE for a struct, a histogram or an array that was not indexed
 */
export function fieldReader(field: FieldLayout): Reader<number | string> {
  if (field.kind === 'ns' && field.count === 1) {
    const nanoseconds = numberReader(field);
    return (view, base) => nanoseconds(view, base) / 1e9;
  }
  return isText(field) ? textReader(field) : numberReader(field);
}

/**
 * Reader of a field as a number: integers, floats, booleans (0 and 1), enums by their value; exact up to 2^53.
 * @throws SONDE_LAYOUT_TYPE for what is no number
 */
export function numberReader(field: FieldLayout): Reader<number> {
  const { offset, size, kind, signed, bits } = field;
  if (isCompound(field) || ['chars', 'comm', 'ip'].includes(kind)) throw unreadable(field, 'a number');
  if (bits) return bitsReader(offset, bits.shift, bits.width, signed);
  if (kind === 'portBe') return (view, base) => view.getUint16(base + offset, false);
  if (kind !== 'f') return integerReader(offset, size, signed);
  return size === 4
    ? (view, base) => view.getFloat32(base + offset, littleEndian)
    : (view, base) => view.getFloat64(base + offset, littleEndian);
}

/**
 * Reader of a field as text. An enum is shown by the name of its value, an error number as `ENOENT`, a device as
 * `8:0`; an address of all zeroes and the error number 0 are empty.
 * @throws SONDE_LAYOUT_TYPE for a struct, a histogram or an array that was not indexed
 */
export function textReader(field: FieldLayout): Reader<string> {
  const { offset, size, kind, values = [] } = field;
  if (isCompound(field)) throw unreadable(field, 'a single value');
  if (kind === 'chars' || kind === 'comm') return (view, base) => chars(view, base + offset, size);
  if (kind === 'ip') return (view, base) => ipAddress(view, base + offset);

  const number = numberReader(field);
  if (kind === 'bool') return (view, base) => (number(view, base) === 0 ? 'false' : 'true');
  if (kind === 'errno') return (view, base) => errnoName(number(view, base));
  if (kind === 'dev') return (view, base) => deviceName(number(view, base));
  if (kind === 'enum') {
    const names = new Map(values.map(({ name, value }) => [value, name]));
    return (view, base) => names.get(number(view, base)) ?? String(number(view, base));
  }
  return (view, base) => String(number(view, base));
}

/** Whether a field is a single number (not text, not a struct, not an array). */
export function isNumeric(field: FieldLayout): boolean {
  return !isCompound(field) && !['chars', 'comm', 'ip', 'pointer'].includes(field.kind);
}

/** Whether a field is shown as text. */
export function isText({ kind }: FieldLayout): boolean {
  return textKinds.includes(kind);
}

/** Whether a field is more than one value. */
export function isCompound({ kind, count }: FieldLayout): boolean {
  return count > 1 || compoundKinds.includes(kind);
}

function chars(view: DataView, start: number, size: number): string {
  let end = start;
  while (end < start + size && view.getUint8(end) !== 0) end++;
  return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + start, end - start));
}

function errnoName(number: number): string {
  if (number === 0) return '';
  return errnoNames.get(Math.abs(number)) ?? String(number);
}

/** The kernel's own packing, not that of stat(2). */
function deviceName(device: number): string {
  return `${Math.floor(device / 2 ** 20)}:${device % 2 ** 20}`;
}

function unreadable({ typeName }: FieldLayout, what: string): SondeError {
  return sondeError('SONDE_LAYOUT_TYPE', { type: typeName, use: `be read as ${what}` });
}
