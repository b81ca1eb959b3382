// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseRedisCommand, redisQueryText } from '../src/redis-command.ts';
import { mangled, random } from './random.ts';

function resp(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

function shown(text: string, name: string, showKey = true): string | undefined {
  const command = parseRedisCommand(text);
  return command && redisQueryText(name, command, showKey);
}

test.each([
  [resp('SET', 'user:42', 'value'), ['SET', 'user:42', 'value'], 3],
  [resp('PING'), ['PING'], 1],
  [resp('SET', 'a', 'b\r\n$1\r\n'), ['SET', 'a', 'b\r\n$1\r\n'], 3],
  [`${resp('GET', 'a')}${resp('GET', 'b')}`, ['GET', 'a'], 2],
  ['SET a b\r\n', ['SET', 'a', 'b'], 3],
  ['SET a b', ['SET', 'a'], 3],
])('%j has its words', (text, words, count) => {
  expect(parseRedisCommand(text)).toEqual({ words, count });
});

test('wherever a command is cut off, its words are those of the whole', () => {
  const words = ['SET', 'user:42', 'a\r\nvalue', 'EX', '60'];
  const whole = resp(...words);
  for (let length = 0; length < whole.length; length++) {
    const cut = parseRedisCommand(whole.slice(0, length));
    expect(cut?.words ?? []).toEqual(words.slice(0, cut?.words.length ?? 0));
    if (cut) expect(cut.count).toBe(5);
  }
});

test.each([
  ['SET', resp('SET', 'user:42', 'secret'), 'SET ? ?', 'SET user:42 ?'],
  ['GET', resp('GET', 'reset-token=abc'), 'GET ?', 'GET reset-token=***'],
  ['AUTH', resp('AUTH', 'secret'), 'AUTH ?', 'AUTH ?'],
  ['AUTH', 'AUTH secret\r\n', 'AUTH ?', 'AUTH ?'],
  ['HELLO', resp('HELLO', '3', 'AUTH', 'me', 'secret'), 'HELLO ? ? ? ?', 'HELLO ? ? ? ?'],
  ['CONFIG', resp('CONFIG', 'SET', 'requirepass', 'secret'), 'CONFIG ? ? ?', 'CONFIG SET ? ?'],
  ['ACL', resp('ACL', 'SETUSER', 'me', '>secret'), 'ACL ? ? ?', 'ACL SETUSER ? ?'],
  ['EVAL', resp('EVAL', 'return "secret"', '0'), 'EVAL ? ?', 'EVAL ? ?'],
  ['PING', resp('PING'), 'PING', 'PING'],
  ['MSET', resp('MSET', ...'abcdefghij'.split('')), 'MSET ? ? ? ? ? ? ? ? ...', 'MSET a ? ? ? ? ? ? ? ...'],
])('%s is shown without its values, and its key only if asked for', (name, text, plain, withKey) => {
  expect(shown(text, name, false)).toBe(plain);
  expect(shown(text, name)).toBe(withKey);
});

test('a fuzzer finds nothing that throws, takes long, or shows a value', () => {
  const pick = random(11);
  for (let i = 0; i < 20_000; i++) {
    const text = mangled(resp('SET', 'k', 'a-value'.repeat(pick(4)), 'EX', '10'), pick);
    expect(shown(text, 'SET', false) ?? '').toMatch(/^(?:SET(?: \?)*(?: \.\.\.)?)?$/);
  }
  for (const piece of ['*1\r\n', '$0\r\n\r\n', ' ', 'a ', '\r\n', '9']) {
    const long = piece.repeat(2048 / piece.length);
    for (const text of [long, `*9999999\r\n${long}`]) shown(text, 'SET');
  }
});
