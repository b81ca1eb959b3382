// SPDX-License-Identifier: Apache-2.0

type Scale = readonly (readonly [factor: number, unit: string])[];

const times: Scale = [
  [1, 's'],
  [1e-3, 'ms'],
  [1e-6, 'us'],
  [1e-9, 'ns'],
];
const sizes: Scale = [
  [2 ** 40, 'TiB'],
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
  [1, 'B'],
];

/** A value with three digits in the unit that people write: `312ms`, `1.5MiB/s`, `12.5`. */
export function humanValue(value: number, unit: string, isRate: boolean): string {
  const scale = unit === 's' && !isRate ? times : unit === 'By' ? sizes : [[1, ''] as const];
  const [factor, name] = scale.find(([least]) => Math.abs(value) >= least) ?? scale.at(-1)!;
  return `${Number((value / factor).toPrecision(3))}${name}${isRate ? '/s' : ''}`;
}
