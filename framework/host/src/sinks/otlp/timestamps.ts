// SPDX-License-Identifier: Apache-2.0

/** Moments as protobuf has them: nanoseconds since 1970 in eight bytes, more than a number can hold. */
export class Timestamps {
  #milliseconds = NaN;
  readonly #bytes = Buffer.alloc(8);

  /** Many series begin at the same moment, so the last one is kept. The bytes are overwritten by the next call. */
  ofMilliseconds(milliseconds: number): Uint8Array {
    if (milliseconds !== this.#milliseconds) {
      this.#milliseconds = milliseconds;
      const whole = Math.floor(milliseconds);
      this.#bytes.writeBigUInt64LE(BigInt(whole) * 1_000_000n + BigInt(Math.round((milliseconds - whole) * 1e6)));
    }
    return this.#bytes;
  }

  ofNanoseconds(nanoseconds: number): Uint8Array {
    this.#milliseconds = NaN;
    this.#bytes.writeBigUInt64LE(BigInt(Math.round(nanoseconds)));
    return this.#bytes;
  }
}
