// SPDX-License-Identifier: Apache-2.0

const [VARINT, FIXED64, LENGTH_DELIMITED] = [0, 1, 2];
const TWO_32 = 2 ** 32;

/** Writes one protobuf message into a buffer of its own that is used again after `clear`. */
export class ProtoWriter {
  bytes = Buffer.allocUnsafeSlow(256);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** A copy of what was written. */
  take(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.length));
  }

  uint(field: number, value: number): void {
    this.varint(field * 8 + VARINT);
    this.varint(value);
  }

  sint(field: number, value: number): void {
    this.uint(field, value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** `int64`: what is negative takes ten bytes. */
  int(field: number, value: number): void {
    this.varint(field * 8 + VARINT);
    if (value >= 0) return this.varint(value);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 128n; rest >>= 7n) this.#byte(Number(rest & 127n) + 128);
    this.#byte(Number(rest));
  }

  double(field: number, value: number): void {
    this.varint(field * 8 + FIXED64);
    this.#reserve(8);
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  /** A whole number under 2^53. */
  fixed64(field: number, value: number): void {
    this.varint(field * 8 + FIXED64);
    this.#reserve(8);
    this.length = this.bytes.writeUInt32LE(value % TWO_32, this.length);
    this.length = this.bytes.writeUInt32LE(Math.floor(value / TWO_32), this.length);
  }

  fixed64Bytes(field: number, bytes: Uint8Array): void {
    this.varint(field * 8 + FIXED64);
    this.raw(bytes, 0, 8);
  }

  string(field: number, text: string): void {
    const length = Buffer.byteLength(text);
    this.varint(field * 8 + LENGTH_DELIMITED);
    this.varint(length);
    this.#reserve(length);
    this.length += this.bytes.write(text, this.length);
  }

  binary(field: number, bytes: Uint8Array): void {
    this.varint(field * 8 + LENGTH_DELIMITED);
    this.varint(bytes.length);
    this.raw(bytes, 0, bytes.length);
  }

  message(field: number, { bytes, length }: ProtoWriter): void {
    this.varint(field * 8 + LENGTH_DELIMITED);
    this.varint(length);
    this.raw(bytes, 0, length);
  }

  /**
   * Begins a message (or packed numbers) in place; what follows is in it until `close`, to which the result must be
   * given. One byte is kept
   * for the length, which is enough for most; the content of a longer one is moved then.
   */
  open(field: number): number {
    this.varint(field * 8 + LENGTH_DELIMITED);
    this.#reserve(1);
    return ++this.length;
  }

  close(start: number): void {
    const length = this.length - start;
    if (length < 128) {
      this.bytes[start - 1] = length;
      return;
    }
    const more = lengthOfVarint(length) - 1;
    this.#reserve(more);
    this.bytes.copyWithin(start + more, start, this.length);
    this.length = start - 1;
    this.varint(length);
    this.length += length;
  }

  raw(source: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    for (let i = from; i < to; i++) this.bytes[this.length++] = source[i]!;
  }

  /** Up to 2^53, beyond what bit operators take. */
  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 128) {
      this.bytes[this.length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.bytes[this.length++] = byte;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.length + more, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

function lengthOfVarint(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}
