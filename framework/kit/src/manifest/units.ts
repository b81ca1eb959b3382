// SPDX-License-Identifier: Apache-2.0

const durations: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
};

const sizes: Record<string, number> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** `1ms` → nanoseconds. Units: ns, us, ms, s, m, h, d; `1m30s` adds up. Undefined if it is no duration. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|m|h|d)/gy)];
  const length = parts.reduce((sum, [part]) => sum + part.length, 0);
  if (parts.length === 0 || length !== text.length) return undefined;
  return Math.round(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (durations[unit ?? ''] ?? 0), 0));
}

/** `64KiB` → bytes; a bare number is bytes. Units: B, kB, MB, GB, KiB, MiB, GiB, TiB. Undefined if it is no size. */
export function parseBytes(text: string): number | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text) ?? [];
  const size = sizes[unit || 'B'];
  return count === undefined || size === undefined ? undefined : Math.round(Number(count) * size);
}
