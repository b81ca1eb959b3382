// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { nearest, quoteNames } from '../../src/input/index.ts';

test('a misspelt name finds the one that was meant, nearest first', () => {
  expect(nearest('slow_n', ['show_s', 'fast', 'slow_ns'])).toEqual(['slow_ns', 'show_s']);
  expect(nearest('Latency', ['latency', 'bytes'])).toEqual(['latency']);
  expect(nearest('serverport', ['server_port', 'peer_port'])).toEqual(['server_port']);
});

test('swapped neighbours count as one mistake', () => {
  expect(nearest('abc', ['acb'])).toEqual(['acb']);
  expect(nearest('ab', ['cd'])).toEqual([]);
});

test('what is too far away is not suggested, and never more than three', () => {
  expect(nearest('rtt', ['bytes', 'packets'])).toEqual([]);
  expect(nearest('aaaa', ['aaab', 'aaac', 'aaad', 'aaae'])).toHaveLength(3);
});

test('a name of thousands of characters is not compared with others like it', () => {
  const long = 'x'.repeat(16_000);
  expect(nearest(long, [`${long}1`, `${long}2`])).toEqual([]);
  expect(nearest('short', ['y'.repeat(1e6), 'shord'])).toEqual(['shord']);
});

test('names are quoted for a sentence', () => {
  expect(quoteNames([])).toBe('');
  expect(quoteNames(['a'])).toBe("'a'");
  expect(quoteNames(['a', 'b', 'c'], 'and')).toBe("'a', 'b' and 'c'");
});
