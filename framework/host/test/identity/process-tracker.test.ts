// SPDX-License-Identifier: Apache-2.0
import { EventEmitter } from 'eventemitter3';
import { beforeEach, describe, expect, test } from 'vitest';
import { CgroupTable } from '../../src/identity/cgroup-table.ts';
import { type Birth, ENDED, KNOWN, ProcessTable } from '../../src/identity/process-table.ts';
import { ProcessTracker } from '../../src/identity/process-tracker.ts';
import type { Program } from '../../src/identity/records.ts';
import type { IdentityEvents } from '../../src/identity/types.ts';

const birth: Birth = { parentPid: 1, namespacePid: 7, userId: 0, kernelThread: false, cgroup: 1, comm: 'a' };
const program: Program = { executable: '/bin/a', command: 'a\0', commandCut: false };
const key = (execId: number, start = 100) => ({ tgid: 7, execId, start });

let table: ProcessTable;
let tracker: ProcessTracker;
let told: string[];

beforeEach(() => {
  const events = new EventEmitter<IdentityEvents>();
  told = [];
  for (const event of ['started', 'ended', 'changed'] as const) events.on(event, (id: number) => told.push(`${event} ${id}`));
  table = new ProcessTable();
  tracker = new ProcessTracker(table, new CgroupTable(), events);
});

describe('records of one process in any order', () => {
  test('an exec ends what the process was', () => {
    tracker.exec(key(1), birth, program);
    tracker.exec(key(2), birth, program);
    expect(told).toEqual(['started 1', 'ended 1', 'started 2']);
  });

  test('a process that the walk reports after its exit does not live again', () => {
    tracker.exit(key(1));
    tracker.exec(key(1), birth, program);
    expect(table.live).toBe(0);
    expect(told).toEqual(['ended 1']);
    expect(table.executable[1]).toBe('/bin/a');
  });

  test('a process that the walk reports after a later exec has ended', () => {
    tracker.exec(key(2), birth, program);
    tracker.exec(key(1), birth, program);
    expect(table.live).toBe(1);
    expect(table.is(table.find(7, 1, 100), ENDED)).toBe(true);
  });

  test('a pid that is used again ends the process that had it', () => {
    tracker.exec(key(1), birth, program);
    tracker.exec(key(1, 200), birth, program);
    expect(told).toEqual(['started 1', 'ended 1', 'started 2']);
  });

  test('a child has the executable and command line of its parent', () => {
    tracker.exec(key(1), birth, program);
    tracker.fork({ tgid: 8, execId: 1, start: 150 }, { ...birth, parentPid: 7 }, key(1));
    const child = table.find(8, 1, 150);
    expect(table.executable[child]).toBe('/bin/a');
    expect(table.commandLine[child]).toBe('a');
  });

  test('a child of an unknown parent waits for a walk', () => {
    tracker.fork({ tgid: 8, execId: 1, start: 150 }, birth, key(1));
    expect(tracker.missing.size).toBe(1);
    expect(table.is(table.find(8, 1, 150), KNOWN)).toBe(false);
    tracker.exec({ tgid: 8, execId: 1, start: 150 }, birth, program);
    expect(told).toEqual(['started 1']);
    expect(tracker.missing.size).toBe(0);
  });

  test('a key that was named before its record keeps its identity and changes its labels', () => {
    const id = tracker.named(key(1));
    table.labels[id] = new Map();
    tracker.exec(key(1), birth, program);
    expect(tracker.named(key(1))).toBe(id);
    expect(told).toEqual(['started 1', 'changed 1']);
  });

  test('a walk ends those that it did not meet', () => {
    tracker.exec(key(1), birth, program);
    tracker.exec({ tgid: 8, execId: 1, start: 150 }, birth, program);
    tracker.walk++;
    tracker.exec(key(1), birth, program);
    tracker.endUnseen();
    expect(told.at(-1)).toBe('ended 2');
    expect(table.live).toBe(1);
  });
});

describe('an entry of the table', () => {
  test('is freed when it has ended, was kept long enough, and nobody holds it', () => {
    tracker.exec(key(1), birth, program);
    table.retain(1);
    tracker.exit(key(1));
    const freed: number[] = [];
    table.sweep(performance.now() + 1, (id) => freed.push(id));
    expect(freed).toEqual([]);
    expect(table.release(1)).toBe(true);
  });

  test('is not freed by a release while it is kept', () => {
    tracker.exec(key(1), birth, program);
    table.retain(1);
    tracker.exit(key(1));
    expect(table.release(1)).toBe(false);
    const freed: number[] = [];
    table.sweep(performance.now() + 1, (id) => freed.push(id));
    expect(freed).toEqual([1]);
  });

  test('is used again: ten times 10,000 processes need no more than 10,000', () => {
    for (let round = 0; round < 10; round++) {
      for (let tgid = 1; tgid <= 10_000; tgid++) tracker.exec({ tgid, execId: 1, start: round }, birth, program);
      for (let tgid = 1; tgid <= 10_000; tgid++) tracker.exit({ tgid, execId: 1, start: round });
      table.sweep(performance.now() + 1, (id) => table.free(id));
      expect([table.live, table.entries, tracker.missing.size]).toEqual([0, 0, 0]);
    }
    expect(table.insert(1, 1, 1)).toBeLessThanOrEqual(10_000);
  });

  test('leaves the chain of its pid when freed', () => {
    for (const start of [100, 200, 300]) tracker.exec(key(1, start), birth, program);
    table.free(table.find(7, 1, 200));
    expect([...table.chain(7)].map((id) => table.start[id])).toEqual([300, 100]);
  });
});
