// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadManifest, SondeError } from '../../src/index.ts';
import { errorsOf, goodManifest, problemsOf, textAtProblems, withChange } from './problems-of.ts';

test('a manifest is read from its folder, and its parts know where they stand', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sonde-manifest-'));
  const file = path.join(folder, 'probe.yaml');
  await writeFile(file, goodManifest);
  const source = await loadManifest(folder);
  expect(source).toMatchObject({ file, directory: folder, manifest: { name: 'sample' } });
  expect(source.place('/params/slow/default')).toEqual({ file, line: 7, column: 36, pointer: '/params/slow/default' });
  expect(source.place('/entities/sample.call')).toEqual({
    file,
    line: 19,
    column: 3,
    pointer: '/entities/sample.call',
  });
  expect(source.place('/collectors/calls/programs/enter/any/1')).toMatchObject({ line: 16, column: 13 });
  await rm(folder, { recursive: true });
});

test('a file that is not there is an error of its own', async () => {
  await expect(loadManifest('/nowhere/probe.yaml')).rejects.toMatchObject({
    code: 'SONDE_FILE_UNREADABLE',
    message: 'cannot read /nowhere/probe.yaml: ENOENT',
  });
});

test.each([
  ['broken YAML', 'name: sample', 'name: "sample', '', ': Missing closing "quote [SONDE_INPUT_SYNTAX]'],
  [
    'a key given twice',
    'name: sample',
    'name: sample\nname: other',
    'name:',
    ': Map keys must be unique [SONDE_INPUT_SYNTAX]',
  ],
  [
    'an unknown key',
    'unit: By',
    'unti: By',
    'unti:',
    "/entities/sample.call/metrics/sample.size/unti: unknown key 'unti' [SONDE_INPUT_UNKNOWN_KEY]",
  ],
  ['a missing key', 'name: sample\n', '', 'apiVersion:', ": 'name' is required here [SONDE_INPUT_MISSING_KEY]"],
  [
    'a value of another type',
    'default: 1ms',
    'default: [1ms]',
    '[1ms]',
    '/params/slow/default: a boolean or a number or a string expected, a list found [SONDE_INPUT_TYPE]',
  ],
  [
    'nothing where something belongs',
    'metrics:\n      sample.lines',
    'metrics:\n      #',
    'metrics:',
    '/entities/sample.decoded/metrics: a mapping expected, nothing found [SONDE_INPUT_TYPE]',
  ],
  [
    'a value that is not in the list',
    'fold: max',
    'fold: mx',
    'mx',
    "/entities/sample.call/metrics/sample.size/fold: 'mx' is not allowed: it must be 'sum', 'min', 'max' or 'last' [SONDE_INPUT_VALUE]",
  ],
  [
    'another version',
    'sonde/v1',
    'sonde/v9',
    'sonde/v9',
    `/apiVersion: 'sonde/v9' is not allowed: it must be "sonde/v1" [SONDE_INPUT_VALUE]`,
  ],
  [
    'a name that breaks the pattern',
    'name: sample',
    'name: Sample',
    'Sample',
    "/name: 'Sample' is not allowed: it must match ^[a-z][a-z0-9-]{0,62}$ [SONDE_INPUT_VALUE]",
  ],
  [
    'an empty text',
    'description: A sample',
    "description: ''",
    "''",
    "/description: '' is not allowed: it is empty [SONDE_INPUT_VALUE]",
  ],
  [
    'a key that breaks the pattern',
    '  sample.decoded:',
    '  Sample:',
    'Sample:',
    "/entities/Sample: the name 'Sample' is not allowed: it must match ^[a-z][a-z0-9_]*(\\.[a-z0-9][a-z0-9_]*)*$ [SONDE_INPUT_VALUE]",
  ],
  [
    'a number out of range',
    'kind: 1',
    'kind: -1',
    '-1',
    '/events/sample.slow/source/kind: number -1 is not allowed: it must be >= 0 [SONDE_INPUT_VALUE]',
  ],
  [
    'an unknown kind of source',
    'source: { map: calls }',
    'source: { mpa: calls }',
    'mpa:',
    "/entities/sample.call/source/mpa: unknown key 'mpa' [SONDE_INPUT_UNKNOWN_KEY]",
  ],
  [
    'an empty source',
    'source: { map: calls }',
    'source: {}',
    'source:',
    "/entities/sample.call/source: 'map' or 'ring' or 'procfs' or 'decoder' or 'agent' is required here [SONDE_INPUT_MISSING_KEY]",
  ],
  [
    'a wrong key in the source that was meant',
    'format: table',
    'format: table, strcut: x',
    'strcut:',
    "/entities/sample.disk/source/strcut: unknown key 'strcut' [SONDE_INPUT_UNKNOWN_KEY]",
  ],
  [
    'a missing key in the source that was meant',
    'struct: slow_call, ',
    '',
    'source:',
    "/events/sample.slow/source: 'struct' is required here [SONDE_INPUT_MISSING_KEY]",
  ],
  [
    'an attribute that is a number',
    'sample.port: key.port',
    'sample.port: 80',
    '80',
    '/entities/sample.call/attributes/sample.port: a string or a mapping expected, number 80 found [SONDE_INPUT_TYPE]',
  ],
  [
    'a path that is none',
    'from: key.kind',
    "from: 'key kind'",
    "'key kind'",
    "/entities/sample.call/attributes/sample.kind/from: 'key kind' is not allowed: it must match ^[A-Za-z_]\\w*(\\[\\d+\\])*(\\.[A-Za-z_]\\w*(\\[\\d+\\])*)*$ [SONDE_INPUT_VALUE]",
  ],
])('%s is named with its place', (_, from, to, at, expected) => {
  const text = withChange(from, to);
  expect(problemsOf(text)).toEqual([expected]);
  expect(textAtProblems(text)).toEqual([at]);
});

test('a problem comes with the nearest name and what the key means', () => {
  const [unknown] = errorsOf(withChange('unit: By', 'unti: By'));
  expect(unknown?.hint).toMatch(/^Did you mean 'unit'\? The keys here are 'type', 'unit', /);
  const [source] = errorsOf(withChange('source: { map: calls }', 'source: { mpa: calls }'));
  expect(source?.hint).toBe("Did you mean 'map'? The keys here are 'map', 'ring', 'procfs', 'decoder' and 'agent'.");
  const [missing] = errorsOf(goodManifest.replace('name: sample\n', ''));
  expect(missing?.hint).toMatch(/^It means: Name of the probe, unique on a host/);
  const [value] = errorsOf(withChange('fold: max', 'fold: mx'));
  expect(value?.hint).toMatch(/^Did you mean 'max'\? It means: How gauges become one value/);
});

test('all problems are told at once, in the order of the file', () => {
  const text = goodManifest
    .replace('unit: By', 'unti: By')
    .replace('name: sample', 'name: Sample')
    .replace('kind: 1', 'kind: x');
  expect(errorsOf(text).map(({ place }) => place?.line)).toEqual([2, 27, 46]);
});

test('an empty file says what is missing rather than failing', () => {
  expect(problemsOf('')).toEqual([': a mapping expected, nothing found [SONDE_INPUT_TYPE]']);
  expect(() => errorsOf('[1, 2]')).not.toThrow();
});

test('a repeated part may be an alias', () => {
  const text = withChange(
    "{ type: counter, unit: '{line}', help: Lines }",
    "&metric { type: counter, unit: '{line}', help: Lines }",
  ).replace('sample.lines:', 'sample.words: *metric\n      sample.lines:');
  const reordered = text
    .replace('sample.words: *metric\n      ', '')
    .replace('help: Lines }\n', 'help: Lines }\n      sample.words: *metric\n');
  expect(problemsOf(reordered)).toEqual([]);
});

test('the error is a SondeError that lists its problems', () => {
  expect(errorsOf(withChange('name: sample', 'name: Sample'))[0]).toBeInstanceOf(SondeError);
});
