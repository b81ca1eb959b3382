// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseHttpHead, redactQuery, type HttpHead } from '../src/http-head.ts';
import { parseTraceparent } from '../src/traceparent.ts';
import heads from './heads.json' with { type: 'json' };
import { mangled, random } from './random.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

test.for(heads)('reads the head of $name', ({ head, expected }) => {
  expect(parseHttpHead(head)).toEqual(expected);
});

test('wherever a head is cut off, nothing is read that is not in the whole', () => {
  for (const { head, expected } of heads) {
    for (let length = 0; length < head.length; length++) {
      const cut = parseHttpHead(head.slice(0, length));
      for (const [key, value] of Object.entries(cut)) expect(value).toEqual(expected[key as keyof typeof expected]);
      const line = head.toLowerCase().indexOf('traceparent:');
      const hasLine = line !== -1 && head.indexOf('\n', line) < length;
      expect(cut.parent).toEqual(hasLine ? expected.parent : undefined);
    }
  }
});

test.each([
  ['version 00', `00-${traceId}-${spanId}-00`, true],
  ['a later version', `cc-${traceId}-${spanId}-01`, true],
  ['a later version that says more', `cc-${traceId}-${spanId}-01-what-the-future`, true],
  ['a later version that goes on without a dash', `cc-${traceId}-${spanId}-01.what`, false],
  ['version 00 that says more', `00-${traceId}-${spanId}-01-more`, false],
  ['version ff', `ff-${traceId}-${spanId}-01`, false],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${spanId}-01`, false],
  ['a span id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`, false],
  ['capitals', `00-${traceId.toUpperCase()}-${spanId}-01`, false],
  ['a digit too few', `00-${traceId.slice(1)}-${spanId}-01`, false],
  ['a digit too many', `00-${traceId}0-${spanId}-01`, false],
  ['no flags', `00-${traceId}-${spanId}`, false],
  ['flags that are none', `00-${traceId}-${spanId}-0g`, false],
  ['nothing', '', false],
])('traceparent: %s', (_, value, isOne) => {
  expect(parseTraceparent(value)).toEqual(isOne ? { traceId, spanId } : undefined);
});

function parentIn(...lines: string[]): HttpHead['parent'] {
  return parseHttpHead(['GET / HTTP/1.1', ...lines, '', ''].join('\r\n')).parent;
}

test('two traceparents are none, and so is one that goes on in the next line or is part of a body', () => {
  const line = `traceparent: 00-${traceId}-${spanId}-01`;
  expect(parentIn(line)).toEqual({ traceId, spanId });
  expect(parentIn(line, line)).toBeUndefined();
  expect(parentIn(line, ' ')).toBeUndefined();
  expect(parentIn('content-length: 80', '', line)).toBeUndefined();
  expect(parentIn(`x-${line}`)).toBeUndefined();
  expect(parentIn(` ${line}`)).toBeUndefined();
});

test.each([
  ['OPTIONS * HTTP/1.1', '*', undefined],
  ['GET /a?b#c HTTP/1.1', '/a', 'b'],
  ['GET http://user:secret@host?x=1 HTTP/1.1', '/', 'x=1'],
  ['CONNECT host:443 HTTP/1.1', undefined, undefined],
  ['GET /a b HTTP/1.1', undefined, undefined],
  ['GET /a HTTP/2.0', undefined, undefined],
])('the target of %s', (line, path, query) => {
  const head = parseHttpHead(`${line}\r\n\r\n`);
  expect([head.path, head.query]).toEqual([path, query]);
});

test.each([
  ['page=2&q=shoes', 'page=2&q=shoes'],
  ['page=2&access_token=abc&sig=x', 'page=2&access_token=***&sig=***'],
  ['pass%77ord=abc', 'pass%77ord=***'],
  ['next=https%3A%2F%2Fuser%3Asecret%40host%2F', 'next=***'],
  ['q=ghp_0123456789abcdefghij', 'q=***'],
  ['X-Amz-Signature=fe5f80', 'X-Amz-Signature=***'],
  ['%=%&token=%E0', '%=%&token=***'],
  ['', ''],
])('the query %s is shown as %s', (query, shown) => {
  expect(redactQuery(query)).toBe(shown);
});

test('a fuzzer finds nothing that throws, takes long, or is taken for a parent', () => {
  const pick = random(7);
  for (let i = 0; i < 20_000; i++) {
    const head = mangled(heads[pick(heads.length)]!.head, pick);
    const { parent, query } = parseHttpHead(head);
    if (query !== undefined) redactQuery(query);
    if (parent) expect(head).toContain(`${parent.traceId}-${parent.spanId}`);
  }
  for (const piece of ['a', '\n', ' ', ':', 'token=', '%', '&', 'a:\n ']) {
    const long = piece.repeat(2048 / piece.length);
    parseHttpHead(`GET /?${long} HTTP/1.1\r\n${long}\r\n\r\n`);
    redactQuery(long);
  }
});
