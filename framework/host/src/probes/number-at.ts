// SPDX-License-Identifier: Apache-2.0
import { endianness } from 'node:os';

/** BPF maps and rings are in the byte order of the machine. */
export const LITTLE_ENDIAN = endianness() === 'LE';

/** An unsigned integer of 1, 2, 4 or 8 bytes; beyond 2^53 rounded. Never a BigInt: those cost more and poison what follows. */
export function unsignedAt(view: DataView, offset: number, size: number): number {
  switch (size) {
    case 8:
      return LITTLE_ENDIAN
        ? view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000
        : view.getUint32(offset + 4, false) + view.getUint32(offset, false) * 0x1_0000_0000;
    case 4:
      return view.getUint32(offset, LITTLE_ENDIAN);
    case 2:
      return view.getUint16(offset, LITTLE_ENDIAN);
    default:
      return view.getUint8(offset);
  }
}

/**
 * `now − before` of two unsigned 8-byte counters, exact as long as the difference is below 2^53, though the counters
 * themselves may be beyond.
 */
export function difference64(now: DataView, before: DataView, offset: number): number {
  const [high, low] = LITTLE_ENDIAN ? [offset + 4, offset] : [offset, offset + 4];
  return (
    (now.getUint32(high, LITTLE_ENDIAN) - before.getUint32(high, LITTLE_ENDIAN)) * 0x1_0000_0000 +
    (now.getUint32(low, LITTLE_ENDIAN) - before.getUint32(low, LITTLE_ENDIAN))
  );
}
