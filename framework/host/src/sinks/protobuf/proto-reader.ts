// SPDX-License-Identifier: Apache-2.0

/** What a field holds: a number for varints and fixed ones, bytes for strings and messages. */
export type FieldVisitor = (field: number, value: number | Uint8Array) => void;

/**
 * Visits the fields of a protobuf message. What cannot be read ends it: answers of others are read as far as they go.
 */
export function eachField(bytes: Uint8Array, visit: FieldVisitor): void {
  let at = 0;
  const varint = (): number => {
    let [value, factor] = [0, 1];
    for (let byte = 128; byte >= 128; factor *= 128) {
      byte = bytes[at++] ?? 0;
      value += (byte % 128) * factor;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === 0) visit(field, varint());
    else if (wire === 2) {
      const length = varint();
      visit(field, bytes.subarray(at, at + length));
      at += length;
    } else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else return;
  }
}
