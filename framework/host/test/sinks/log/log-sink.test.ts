// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventBus, type EventRecord, type SpanRecord } from '../../../src/events/index.ts';
import { createSeriesStore } from '../../../src/series/index.ts';
import { LogSink, type LogSinkOptions } from '../../../src/sinks/log/index.ts';
import { People } from '../../series/people.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'sonde-log-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function event(number: number, change: Partial<EventRecord> = {}): EventRecord {
  return {
    probe: 'fsync',
    name: 'fsync.slow',
    time: Date.UTC(2026, 10, 21, 10, 0, 0, 123) * 1e6 + 456_000,
    severity: 'warn',
    body: 'fsync of {file.name} was slow',
    identity: 0,
    attributes: { 'file.name': `file ${number}` },
    weight: 1,
    ...change,
  };
}

async function setUp(path: string, capacity?: number, options: Partial<LogSinkOptions> = {}) {
  const people = new People();
  const store = createSeriesStore(people);
  const { loss } = store;
  const events = new EventBus({ loss, settle: () => {} });
  events.declare('fsync');
  const spans = new EventBus<SpanRecord>({ loss, settle: () => {} });
  const sink = new LogSink(
    { name: 'log', path, metrics: false, interval: 10_000, ...(capacity && { capacity }), ...options },
    { store, events, spans, identity: people },
  );
  await sink.start();
  const lost = () => loss.rows('fsync').reduce((sum, { count }) => sum + count, 0);
  return { people, store, events, spans, sink, lost };
}

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('the log sink', () => {
  test('writes an event within a second as an OpenTelemetry log record in JSON', async () => {
    const path = join(folder, 'events.log');
    const { people, events, sink } = await setUp(path);
    const id = people.born('postgres', 77);
    events.emit(event(1, { identity: id, weight: 5 }));
    await sleep(500);
    expect(linesOf(path)).toEqual([
      {
        timestamp: '2026-11-21T10:00:00.123456Z',
        severity_text: 'WARN',
        severity_number: 13,
        event_name: 'fsync.slow',
        body: 'fsync of file 1 was slow',
        attributes: { 'file.name': 'file 1', 'sonde.event.weight': 5 },
        scope: { name: 'fsync' },
        resource: { 'process.executable.name': 'postgres', 'process.pid': 77 },
      },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    await sink.stop();
  });

  test('writes all that is queued when it stops, and appends when it starts again', async () => {
    const path = join(folder, 'events.log');
    for (const first of [0, 1000]) {
      const { events, sink, lost } = await setUp(path);
      for (let i = 0; i < 1000; i++) events.emit(event(first + i));
      await sink.stop();
      expect([lost(), sink.state().state]).toEqual([0, 'stopped']);
    }
    expect(linesOf(path).map(({ attributes }) => attributes['file.name'])).toEqual(
      Array.from({ length: 2000 }, (_, i) => `file ${i}`),
    );
  });

  test('opens its file again after it was moved away', async () => {
    const path = join(folder, 'events.log');
    const { events, sink } = await setUp(path);
    events.emit(event(1));
    await sleep(300);
    renameSync(path, `${path}.1`);
    events.emit(event(2));
    await sleep(300);
    await sink.reopen();
    events.emit(event(3));
    await sink.stop();
    expect([linesOf(`${path}.1`).length, linesOf(path).length]).toEqual([2, 1]);
  });

  test('says which file it cannot open', async () => {
    await expect(setUp(join(folder, 'absent', 'events.log'))).rejects.toMatchObject({ code: 'SONDE_SINK_OUTPUT' });
  });

  test('counts what a full disk refuses, tells it, and goes on', async () => {
    const { events, sink, lost } = await setUp('/dev/full');
    for (let i = 0; i < 10; i++) events.emit(event(i));
    await sleep(300);
    expect(lost()).toBe(10);
    expect(sink.state().error).toMatchObject({ code: 'SONDE_SINK_OUTPUT', message: expect.stringContaining('ENOSPC') });
    await sink.stop();
  });

  test('delays nobody when nobody reads its pipe: written + counted = emitted', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = spawn('sh', ['-c', `exec 3<"${path}"; sleep 1; wc -l <&3`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    reader.stdout.on('data', (chunk: Buffer) => (output += chunk));
    const closed = new Promise((resolve) => reader.once('close', resolve));
    await sleep(200);
    const { events, sink, lost } = await setUp(path, 1000);
    const before = performance.now();
    for (let i = 0; i < 5000; i++) events.emit(event(i));
    expect(performance.now() - before).toBeLessThan(500);
    await sleep(1500);
    await sink.stop();
    await closed;
    expect(lost()).toBe(4000);
    expect(Number(output)).toBe(1000);
  });

  test('stops in a moment though its pipe is full, and counts what it could not write', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = spawn('sh', ['-c', `exec 3<"${path}"; sleep 3; wc -l <&3`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    reader.stdout.on('data', (chunk: Buffer) => (output += chunk));
    const closed = new Promise((resolve) => reader.once('close', resolve));
    await sleep(200);
    const { events, sink, lost } = await setUp(path);
    for (let i = 0; i < 3000; i++) events.emit(event(i));
    const before = performance.now();
    await sink.stop();
    expect(performance.now() - before).toBeLessThan(2000);
    await closed;
    expect(Number(output) + lost()).toBe(3000);
    expect(lost()).toBeGreaterThan(0);
  });

  test('writes a span as JSON', async () => {
    const path = join(folder, 'spans.log');
    const { people, spans, sink } = await setUp(path);
    const start = Date.UTC(2026, 10, 21, 10) * 1e6;
    spans.emit({
      probe: 'l7',
      name: 'GET /users',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      kind: 'server',
      start,
      end: start + 250e6,
      error: '500',
      identity: people.born('nginx', 7),
      attributes: { 'http.route': '/users' },
      weight: 1,
    });
    await sink.stop();
    expect(linesOf(path)).toEqual([
      {
        timestamp: '2026-11-21T10:00:00.000Z',
        trace_id: '0af7651916cd43dd8448eb211c80319c',
        span_id: 'b7ad6b7169203331',
        span_name: 'GET /users',
        kind: 'server',
        duration: expect.closeTo(0.25, 6),
        status: { code: 'error', message: '500' },
        attributes: { 'http.route': '/users' },
        scope: { name: 'l7' },
        resource: expect.objectContaining({ 'process.executable.name': 'nginx', 'process.pid': 7 }),
      },
    ]);
  });

  test('writes a line for each series and interval, if asked to, the last when it stops', async () => {
    const path = join(folder, 'metrics.log');
    const { people, store, sink } = await setUp(path, undefined, { metrics: true, interval: 60_000 });
    const metrics = [{ name: 'fsync.calls', type: 'counter', unit: '{call}', help: 'Calls' }] as const;
    const table = store.define({ probe: 'fsync', name: 'fsync.call', attributes: ['fsync.kind'], metrics });
    for (let pid = 1; pid <= 1200; pid++) table.add(table.row(people.born('postgres', pid), ['fsync']), 0, pid);
    await sink.stop();
    const own = linesOf(path).filter(({ entity }) => entity === 'fsync.call');
    expect(own).toHaveLength(1200);
    expect(own[41]).toMatchObject({
      entity: 'fsync.call',
      probe: 'fsync',
      keys: { 'fsync.kind': 'fsync' },
      labels: { 'process.executable.name': 'postgres', 'process.pid': 42 },
      metrics: { 'fsync.calls': 42 },
    });
  });
});

describe('rotation', () => {
  const rotated = (path: string) =>
    ['.4', '.3', '.2', '.1', ''].map((suffix) => path + suffix).filter((file) => existsSync(file));
  const numbersOf = (files: string[]) =>
    files.flatMap(linesOf).map(({ attributes }) => Number(attributes['file.name'].slice(5)));

  test('by size puts whole lines aside, in order, and keeps so many files', async () => {
    const path = join(folder, 'events.log');
    const { events, sink, lost } = await setUp(path, undefined, { rotate: { size: 4000, keep: 3 } });
    for (let number = 0; number < 200; number++) {
      events.emit(event(number));
      if (number % 10 === 9) await sleep(120);
    }
    await sink.stop();
    const files = rotated(path);
    expect(files).toEqual([`${path}.3`, `${path}.2`, `${path}.1`, path]);
    const numbers = numbersOf(files);
    expect(numbers).toEqual(Array.from(numbers, (_, i) => 200 - numbers.length + i));
    for (const file of files) expect(statSync(file).size).toBeLessThanOrEqual(4000);
    expect(lost()).toBe(0);
  });

  test('by age begins with the first line, of an earlier run too', async () => {
    const path = join(folder, 'events.log');
    const rotate = { size: 2 ** 30, age: 400, keep: 3 };
    const first = await setUp(path, undefined, { rotate });
    first.events.emit(event(1));
    await first.sink.stop();
    await sleep(450);
    const { events, sink } = await setUp(path, undefined, { rotate });
    events.emit(event(2));
    await sleep(200);
    events.emit(event(3));
    await sleep(200);
    expect(rotated(path).map((file) => numbersOf([file]))).toEqual([[1], [2, 3]]);
    await sink.stop();
  });

  test('that is not possible is told, and no line is lost', async () => {
    const path = join(folder, 'events.log');
    mkdirSync(`${path}.1`);
    mkdirSync(join(`${path}.1`, 'full'));
    mkdirSync(`${path}.2`);
    mkdirSync(join(`${path}.2`, 'full'));
    const { events, sink, lost } = await setUp(path, undefined, { rotate: { size: 100, keep: 2 } });
    events.emit(event(1));
    await sleep(200);
    events.emit(event(2));
    await sleep(200);
    expect(sink.state()).toMatchObject({ state: 'failing', error: { code: 'SONDE_SINK_OUTPUT' } });
    await sink.stop();
    expect(numbersOf([path])).toEqual([1, 2]);
    expect(lost()).toBe(0);
  });

  test('for which there is no room leaves the files that were put aside', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=4', 'none', folder]);
    try {
      const path = join(folder, 'events.log');
      const { events, sink, lost } = await setUp(path, undefined, { rotate: { size: 100, keep: 9 } });
      for (let number = 0; number < 6; number++) {
        events.emit(event(number));
        await sleep(150);
      }
      expect(sink.state()).toMatchObject({ state: 'failing', error: { code: 'SONDE_SINK_OUTPUT' } });
      await sink.stop();
      expect(rotated(path).map((file) => numbersOf([file]))).toEqual([[0], [1], [2, 3, 4, 5]]);
      expect(lost()).toBe(0);
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  test('has no say over standard output', async () => {
    const { events, sink } = await setUp('stderr', undefined, { rotate: { size: 1, keep: 1 } });
    events.emit(event(1));
    events.emit(event(2));
    await sink.stop();
    expect(sink.state().error).toBeUndefined();
  });
});
