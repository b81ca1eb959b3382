// SPDX-License-Identifier: Apache-2.0

const millisecondsPerUnit: Record<string, number> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };

/** Milliseconds of a duration that the schema has accepted, such as `250ms` or `1.5h`. */
export function milliseconds(duration: string): number {
  const [, number, unit] = /^([0-9.]+)([a-z]+)$/.exec(duration)!;
  return Number(number) * millisecondsPerUnit[unit!]!;
}
