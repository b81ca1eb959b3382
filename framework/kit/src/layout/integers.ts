// SPDX-License-Identifier: Apache-2.0

/** Reads something at byte `base` of a view. */
export type Reader<Value> = (view: DataView, base: number) => Value;

/** All kernels that Sonde runs on (x86-64, arm64) are little-endian. */
export const littleEndian = true;

/** Reader of an integer of 1, 2, 4 or 8 bytes; exact up to 2^53, rounded beyond. Never a BigInt. */
export function integerReader(offset: number, size: number, signed: boolean): Reader<number> {
  switch (size) {
    case 1:
      return signed ? (view, base) => view.getInt8(base + offset) : (view, base) => view.getUint8(base + offset);
    case 2:
      return signed
        ? (view, base) => view.getInt16(base + offset, littleEndian)
        : (view, base) => view.getUint16(base + offset, littleEndian);
    case 4:
      return signed
        ? (view, base) => view.getInt32(base + offset, littleEndian)
        : (view, base) => view.getUint32(base + offset, littleEndian);
    default: {
      const high = offset + 4;
      return signed
        ? (view, base) =>
            view.getUint32(base + offset, littleEndian) + view.getInt32(base + high, littleEndian) * 2 ** 32
        : (view, base) =>
            view.getUint32(base + offset, littleEndian) + view.getUint32(base + high, littleEndian) * 2 ** 32;
    }
  }
}

/** Reader of a bit field of up to 53 bits that begins `shift` bits above the lowest of the byte at `offset`. */
export function bitsReader(offset: number, shift: number, width: number, signed: boolean): Reader<number> {
  const bytes = Math.ceil((shift + width) / 8);
  const [unit, range] = [2 ** shift, 2 ** width];
  return (view, base) => {
    let all = 0;
    for (let i = bytes - 1; i >= 0; i--) all = all * 256 + view.getUint8(base + offset + i);
    const value = Math.floor(all / unit) % range;
    return signed && value >= range / 2 ? value - range : value;
  };
}
