// SPDX-License-Identifier: Apache-2.0

/** Takes recorded numbers to a metric's unit. 1e-9 and the like divide by their inverse, which rounds only once. */
export function scaler(scale = 1): (recorded: number) => number {
  if (scale === 1) return (recorded) => recorded;
  const inverse = Math.round(1 / scale);
  if (scale < 1 && Math.abs(inverse * scale - 1) < 1e-12) return (recorded) => recorded / inverse;
  return (recorded) => recorded * scale;
}

/** Takes recorded numbers to the unit in place. */
export function rescale(numbers: Float64Array, scale: number | undefined): Float64Array {
  if (scale === undefined || scale === 1) return numbers;
  const toUnit = scaler(scale);
  for (let i = 0; i < numbers.length; i++) numbers[i] = toUnit(numbers[i]!);
  return numbers;
}
