// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseBytes, parseDuration, resolveParams, type Manifest } from '../../src/index.ts';

test.each([
  ['0', 0],
  ['250ns', 250],
  ['1us', 1000],
  ['1µs', 1000],
  ['1.5ms', 1_500_000],
  ['1m30s', 90e9],
  ['2h', 7200e9],
  ['1d', 86_400e9],
])('%s is %d ns', (text, nanoseconds) => {
  expect(parseDuration(text)).toBe(nanoseconds);
});

test.each(['', '1', 'ms', '1 day', '-1s', '1s later'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each([
  ['0', 0],
  ['512', 512],
  ['64KiB', 65_536],
  ['1.5 MiB', 1_572_864],
  ['2GB', 2e9],
])('%s is %d bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(['', 'KiB', '1 lot', '-1', '1kib'])('%j is no size', (text) => {
  expect(parseBytes(text)).toBeUndefined();
});

const manifest: Manifest = {
  apiVersion: 'sonde/v1',
  name: 'sample',
  description: 'A sample',
  collectors: { all: {} },
  params: {
    slow: {
      type: 'duration',
      default: '1ms',
      minimum: '1us',
      maximum: '1m',
      description: 'What is slow',
      live: 'slow_ns',
    },
    buffer: { type: 'bytes', default: '64KiB', description: 'How much is kept', load: 'buffer' },
    mode: { type: 'enum', values: ['fast', 'exact'], default: 'fast', description: 'How to count', load: 'mode' },
    depth: { type: 'integer', default: 4, minimum: 1, description: 'How deep', load: 'depth' },
    share: { type: 'number', default: 0.5, description: 'How many of them', load: 'decoder' },
    report: { type: 'boolean', default: false, description: 'Whether to report', live: 'report' },
    library: { type: 'string', default: 'libc.so.6', description: 'Which library', load: 'attach' },
  },
};

test('defaults hold where nothing was given, with durations in ns and sizes in bytes', () => {
  expect(resolveParams(manifest)).toEqual({
    values: { slow: 1e6, buffer: 65_536, mode: 'fast', depth: 4, share: 0.5, report: false, library: 'libc.so.6' },
    problems: [],
  });
});

test('given values win', () => {
  const given = { slow: '5ms', buffer: 100, mode: 'exact', depth: 9, share: 1, report: true, library: 'musl' };
  expect(resolveParams(manifest, given)).toEqual({ values: { ...given, slow: 5e6 }, problems: [] });
});

test.each([
  ['slow', 'soon', 'it must be a duration such as 1ms or 5s'],
  ['slow', true, 'it must be a duration such as 1ms or 5s'],
  ['slow', '1ns', 'it must be at least 1us'],
  ['slow', '2m', 'it must be at most 1m'],
  ['buffer', 'much', 'it must be a size such as 64KiB'],
  ['mode', 'slow', "it must be 'fast' or 'exact'"],
  ['depth', 1.5, 'it must be an integer'],
  ['depth', 0, 'it must be at least 1'],
  ['share', Number.NaN, 'it must be a number'],
  ['report', 'yes', 'it must be true or false'],
  ['library', 7, 'it must be text'],
])('%s cannot be %j, and its default holds', (name, input, rule) => {
  const { values, problems } = resolveParams(manifest, { [name]: input }, (param) => ({
    file: 'sonde.yaml',
    pointer: `/${param}`,
  }));
  expect(values).toEqual(resolveParams(manifest).values);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ code: 'SONDE_PARAM_VALUE', place: { file: 'sonde.yaml', pointer: `/${name}` } });
  expect(problems[0]?.message).toBe(`param '${name}' of probe 'sample' cannot be ${String(input)}: ${rule}`);
});

test('a param that the manifest does not declare is named with the nearest one', () => {
  const { problems } = resolveParams(manifest, { slwo: '1ms' });
  expect(problems[0]).toMatchObject({ code: 'SONDE_PARAM_UNKNOWN', message: "probe 'sample' has no param 'slwo'" });
  expect(problems[0]?.hint).toMatch(/^Did you mean 'slow'\?/);
});
