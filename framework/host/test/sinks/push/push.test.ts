// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import { expect, test } from 'vitest';
import { Account } from '../../../src/sinks/push/account.ts';
import { backOff } from '../../../src/sinks/push/back-off.ts';
import { Health } from '../../../src/sinks/push/health.ts';
import { MemoryQueue } from '../../../src/sinks/push/memory-queue.ts';
import type { Chunk } from '../../../src/sinks/push/types.ts';

function chunk(payload: string, records: number, bytes = records): Chunk<string> {
  return { counts: new Map([['tcp', records]]), bytes, payload };
}

function texts(chunks: readonly Chunk<string>[]): string {
  return chunks.map(({ payload }) => payload).join('');
}

test('a full queue lets the oldest go that wait, and never what is on its way', () => {
  const dropped: Chunk<string>[] = [];
  const queue = new MemoryQueue<string>({ records: 10, bytes: 1000 }, (gone) => dropped.push(gone));
  for (const name of 'abcde') queue.push(chunk(name, 2));
  const taken = queue.take({ records: 4, bytes: 1000 });
  expect(texts(taken)).toBe('ab');
  queue.push(chunk('f', 3));
  expect(texts(dropped)).toBe('cd');
  expect(queue.records).toBe(9);
  queue.settled(taken);
  expect(queue.records).toBe(5);
  expect(texts(queue.take({ records: 1, bytes: 1 }))).toBe('e');
  expect(texts(queue.close())).toBe('f');
  queue.push(chunk('g', 1));
  expect(texts(dropped)).toBe('cdg');
});

test('the budget in bytes holds too, and what alone exceeds it is dropped', () => {
  const dropped: Chunk<string>[] = [];
  const queue = new MemoryQueue<string>({ records: 100, bytes: 100 }, (gone) => dropped.push(gone));
  queue.push(chunk('a', 1, 60));
  queue.push(chunk('b', 1, 60));
  queue.push(chunk('c', 1, 200));
  expect(texts(dropped)).toBe('abc');
  expect([queue.records, queue.bytes]).toEqual([0, 0]);
});

test('what was refused of a mixed request is borne by the probes in proportion, to the unit', () => {
  const rows: Record<string, number> = {};
  const account = new Account('otlp', {
    add: (probe, stage, cause, n, sink) => (rows[[probe, stage, cause, sink].join()] = n),
  });
  account.deliver(
    [
      {
        counts: new Map([
          ['a', 1],
          ['b', 1],
          ['c', 5],
        ]),
        bytes: 0,
        payload: '',
      },
    ],
    3,
  );
  expect(Object.values(rows).reduce((sum, n) => sum + n, 0)).toBe(3);
  expect(rows['c,sink,refused,otlp']).toBe(2);
  expect([account.delivered, account.lost]).toEqual([4, 3]);
});

test('the pause grows, is never the same twice, and respects what the other end asks for within reason', () => {
  const pauses = Array.from({ length: 12 }, (_, i) => backOff(i + 1));
  expect(pauses[0]).toBeGreaterThanOrEqual(250);
  expect(pauses[0]).toBeLessThanOrEqual(500);
  expect(Math.min(...pauses.slice(7))).toBeGreaterThanOrEqual(15_000);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000);
  expect(new Set(pauses).size).toBe(12);
  expect(backOff(1, 7000)).toBe(7000);
  expect(backOff(1, 1e12)).toBe(300_000);
});

test('people are told of a failure once, also when it comes and goes, and that it is over', () => {
  const messages: string[] = [];
  const health = new Health('otlp', (severity, message) => messages.push(`${severity} ${message}`));
  const error = sondeError('SONDE_SINK_BUSY', { sink: 'otlp', where: 'there', reason: 'HTTP 503' });
  for (let i = 0; i < 5; i++) {
    health.failed('events', error);
    expect(health.error).toBe(error);
    health.delivered('events');
  }
  expect(health.error).toBeUndefined();
  expect(messages).toHaveLength(2);
  expect(messages[1]).toMatch(/^info sink 'otlp' delivers events again/);
});
