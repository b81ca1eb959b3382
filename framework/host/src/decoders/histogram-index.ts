// SPDX-License-Identifier: Apache-2.0

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** Of a 64-bit float: an exponent of 0 is stored as this, in the bits from 20 on of the high word. */
const EXPONENT_BIAS = 1023;

const quarter = 2 ** 0.25;
const half = 2 ** 0.5;
const threeQuarters = 2 ** 0.75;

/**
 * Index of a value's bucket in a base-2 exponential histogram of scale 2: bucket i takes (2^(i/4), 2^((i+1)/4)], so a
 * power of two is the last value of its bucket. Exact, since it compares and takes no logarithm. The value must be a
 * positive normal number.
 */
export function histogramIndex(value: number): number {
  float[0] = value;
  const high = words[1]!;
  const base = 4 * ((high >>> 20) - EXPONENT_BIAS);
  words[1] = (high & 0xfffff) | (EXPONENT_BIAS << 20);
  const mantissa = float[0];
  if (mantissa > half) return mantissa > threeQuarters ? base + 3 : base + 2;
  if (mantissa > quarter) return base + 1;
  return mantissa > 1 ? base : base - 1;
}

/** Turns raw values into base units without the error of a decimal factor: 1953125 ns must be 2^-9 s exactly. */
export function scaler(scale: number): (value: number) => number {
  const divisor = Math.round(1 / scale);
  if (scale < 1 && 1 / divisor === scale) return (value) => value / divisor;
  return scale === 1 ? (value) => value : (value) => value * scale;
}
