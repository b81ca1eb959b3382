// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { asSondeError, errorTable, formatPlace, joinErrors, sondeError } from '../../src/errors/index.ts';

const place = { file: 'probe.yaml', line: 3, column: 5, pointer: '/params/slow' };

test('an error carries its code, its filled message, its place and its hint', () => {
  const error = sondeError(
    'SONDE_INPUT_UNKNOWN_KEY',
    { key: 'liev', nearest: "'live'", known: 'live, load' },
    { place },
  );
  expect(error.message).toBe("unknown key 'liev'");
  expect(error.hint).toBe("Did you mean 'live'? The keys here are live, load.");
  expect(error.entry.status).toBe(422);
  expect(error.format()).toBe(
    "probe.yaml:3:5 (/params/slow): unknown key 'liev' [SONDE_INPUT_UNKNOWN_KEY]\n" +
      "    Did you mean 'live'? The keys here are live, load.",
  );
});

test('a sentence of the hint with nothing to say is left out', () => {
  const error = sondeError('SONDE_INPUT_UNKNOWN_KEY', { key: 'x', nearest: '', known: 'live, load' });
  expect(error.hint).toBe('The keys here are live, load.');
  expect(sondeError('SONDE_INPUT_UNKNOWN_KEY', { key: 'x' }).hint).toBeUndefined();
});

test('several problems become one error that lists them, a single one stays itself', () => {
  const first = sondeError('SONDE_INPUT_SYNTAX', { reason: 'no end' }, { place });
  const second = sondeError('SONDE_INPUT_UNKNOWN_KEY', { key: 'x' });
  expect(joinErrors([first], 'probe.yaml')).toBe(first);
  const both = joinErrors([first, second], 'probe.yaml');
  expect(both.message).toBe('2 problems in probe.yaml');
  expect(both.problems).toEqual([first, second]);
  expect(both.format()).toBe(`${first.format()}\n${second.format()}`);
  expect(JSON.parse(JSON.stringify(both)).problems[0]).toEqual({
    code: 'SONDE_INPUT_SYNTAX',
    message: 'no end',
    place,
    hint: first.hint,
  });
});

test('anything thrown becomes a SondeError and keeps its cause', () => {
  const cause = new TypeError('x is not a function');
  expect(asSondeError(cause)).toMatchObject({ code: 'SONDE_INTERNAL', cause });
  expect(asSondeError('text').message).toBe('unexpected error: text');
});

test('a place is shown as far as it is known', () => {
  expect(formatPlace({ pointer: '/a' })).toBe('/a');
  expect(formatPlace({ file: 'f' })).toBe('f');
  expect(formatPlace(place)).toBe('probe.yaml:3:5 (/params/slow)');
});

test('every row of the table says what it is and what it means', () => {
  for (const [code, entry] of Object.entries(errorTable)) {
    expect(code).toMatch(/^SONDE(_[A-Z0-9]+)+$/);
    expect(entry.title && entry.message && entry.doc).toBeTruthy();
    expect(entry.status).toBeGreaterThanOrEqual(400);
  }
});
