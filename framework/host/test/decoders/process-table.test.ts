// SPDX-License-Identifier: Apache-2.0
import { NO_PROCESS } from '@sonde/kit/decoder';
import { expect, test } from 'vitest';
import { ProcessTable } from '../../src/decoders/worker/process-table.ts';

const view = new DataView(new ArrayBuffer(24));

function intern(table: ProcessTable, tgid: number, execId: number, start: number): number {
  view.setUint32(8, tgid, true);
  view.setUint32(12, execId, true);
  view.setBigUint64(16, BigInt(start), true);
  return table.intern(view, 8);
}

test('each process has one number, told once with its key', () => {
  const table = new ProcessTable();
  expect(intern(table, 7, 1, 2 ** 40 + 3)).toBe(1);
  expect(intern(table, 7, 2, 2 ** 40 + 3)).toBe(2);
  expect(intern(table, 7, 1, 2 ** 40 + 3)).toBe(1);
  expect([...table.takeAdded()]).toEqual([1, 7, 1, 2 ** 40 + 3, 2, 7, 2, 2 ** 40 + 3]);
  expect([...table.takeAdded()]).toEqual([]);
});

test('all zeroes are no process', () => {
  expect(intern(new ProcessTable(), 0, 0, 0)).toBe(NO_PROCESS);
});

test('numbers stay through growth, and one that was forgotten is never used again', () => {
  const table = new ProcessTable();
  const numbers = Array.from({ length: 5000 }, (_, i) => intern(table, i + 1, 1, i * 1e9));
  expect(new Set(numbers).size).toBe(5000);
  for (let i = 0; i < 5000; i += 2) table.forget(numbers[i]!);
  for (let i = 1; i < 5000; i += 2) expect(intern(table, i + 1, 1, i * 1e9)).toBe(numbers[i]);
  expect([table.has(numbers[0]!), table.has(numbers[1]!)]).toEqual([false, true]);
  expect(intern(table, 1, 1, 0)).toBe(5001);
});

test('short-lived processes without end take no more room', () => {
  const table = new ProcessTable();
  for (let i = 1; i <= 200_000; i++) table.forget(intern(table, i, 1, i));
  expect(intern(table, 1, 1, 1)).toBe(200_001);
});
