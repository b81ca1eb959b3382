// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { compilePattern } from '../../src/targets/pattern.ts';

test.each([
  ['nginx', 'nginx', true],
  ['nginx', 'nginx2', false],
  ['nginx*', 'nginx: worker', true],
  ['/usr/*/python3.?', '/usr/local/bin/python3.9', true],
  ['a.c', 'abc', false],
  ['[ab]x', 'bx', true],
  ['[!ab]x', 'bx', false],
  ['[!ab]x', 'cx', true],
  ['a\\*', 'a*', true],
  ['a\\*', 'ab', false],
  ['(x)|^y$', '(x)|^y$', true],
  ['*--port=80*', 'serve --port=8080 -v', true],
  ['/^post/', 'postgres: writer', true],
  ['/^post/', 'a postgres', false],
  ['/worker$/', 'nginx: worker', true],
])('the pattern %s against %s is %s', (pattern, text, expected) => {
  expect(compilePattern(pattern)(text)).toBe(expected);
});

test.each(['[ab', '/(/', '/[z-a]/'])('the pattern %s is refused', (pattern) => {
  expect(() => compilePattern(pattern)).toThrow(SyntaxError);
});
