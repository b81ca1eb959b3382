// SPDX-License-Identifier: Apache-2.0

const [VARINT, FIXED64, LENGTH_DELIMITED] = [0, 1, 2];

/** Writes one protobuf message into a buffer of its own that is used again after `clear`. */
export class ProtoWriter {
  bytes = Buffer.allocUnsafeSlow(256);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  uint(field: number, value: number): void {
    this.varint(field * 8 + VARINT);
    this.varint(value);
  }

  sint(field: number, value: number): void {
    this.uint(field, value < 0 ? -2 * value - 1 : 2 * value);
  }

  double(field: number, value: number): void {
    this.varint(field * 8 + FIXED64);
    this.#reserve(8);
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  string(field: number, text: string): void {
    const length = Buffer.byteLength(text);
    this.varint(field * 8 + LENGTH_DELIMITED);
    this.varint(length);
    this.#reserve(length);
    this.length += this.bytes.write(text, this.length);
  }

  message(field: number, { bytes, length }: ProtoWriter): void {
    this.varint(field * 8 + LENGTH_DELIMITED);
    this.varint(length);
    this.raw(bytes, 0, length);
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

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.length + more, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
