// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { hasStuckThreads } from '../../src/decoders/index.ts';
import { KIND } from './work-decoder.ts';
import { batchOf, changesOf, many, setUp, WORK } from './work.ts';

const MEBIBYTE = 2 ** 20;
const stops: (() => Promise<void>)[] = [];

async function start(...options: Parameters<typeof setUp>) {
  const all = await setUp(...options);
  stops.push(() => all.worker.stop());
  return all;
}

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** Waits until the worker that failed has been replaced. */
async function running(worker: { ready: boolean }): Promise<void> {
  while (!worker.ready) await new Promise((resolve) => setTimeout(resolve, 5));
}

function failure(worker: Awaited<ReturnType<typeof setUp>>['worker']) {
  return new Promise<{ cause: string; error: string }>((resolve) => worker.once('failed', resolve));
}

describe('a decoder', () => {
  test('turns records into deltas by process and attribute', async () => {
    const { worker, numbersOf, lost } = await start();
    worker.records(
      'ring',
      batchOf([
        { tgid: 1, name: 'a' },
        { tgid: 1, name: 'b', weight: 3 },
        { tgid: 2, name: 'a' },
      ]),
    );
    worker.records('ring', batchOf([{ tgid: 1, name: 'a' }]));
    await worker.tick();
    expect(numbersOf('work.program')).toEqual({
      'name=program1,name=a': 2,
      'name=program1,name=b': 3,
      'name=program2,name=a': 1,
    });
    expect(lost()).toEqual({});
    expect(worker.stats).toMatchObject({ state: 'running', records: 4, lost: 0, queuedBytes: 0, restarts: 0 });
  });

  test('has new processes made known before they get a series, once for each batch with any', async () => {
    const { people, worker } = await start();
    for (const tgid of [1, 1, 2]) {
      worker.records('ring', many(10, { tgid }));
      await worker.tick();
    }
    expect(people.settled).toBe(2);
  });

  test('observes in a histogram whose buckets include their upper edge', async () => {
    const { worker, histogram } = await start();
    const edge = 1953125; // 2^-9 s
    worker.records('ring', batchOf([0, edge, edge + 1, 10 ** 12, 65].map((latency) => ({ latency, tgid: 1 }))));
    await worker.tick();
    const { count, sum, zero, over, slots } = histogram('work.program', 1, 'name=program1,name=job');
    expect({ count, zero, over }).toEqual({ count: 5, zero: 2, over: 1 });
    expect(sum).toBeCloseTo((2 * edge + 1 + 10 ** 12 + 65) / 1e9, 9);
    expect([slots[4 * 11 - 1], slots[4 * 11]]).toEqual([1, 1]);
  });

  test('emits spans: roots with ids of their own, and children of a trace that it knows', async () => {
    const { people, worker, spans, lost } = await start();
    worker.records(
      'ring',
      batchOf([
        { kind: KIND.span, time: 500, latency: 200, weight: 10 },
        { kind: KIND.span, time: 600 },
        { kind: KIND.childSpan, time: 500, latency: 100 },
      ]),
    );
    await worker.tick();
    const [first, second, child] = spans;
    expect(first).toEqual({
      probe: 'work',
      name: 'work.job',
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      kind: 'server',
      start: 1300,
      end: 1500,
      identity: people.process(1, 1, 10_000_000_000),
      attributes: { 'work.name': 'root' },
      weight: 10,
    });
    expect(child).toMatchObject({
      name: 'child',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentSpanId: 'b7ad6b7169203331',
      start: 1400,
      end: 1500,
      error: 'broken',
      weight: 1,
    });
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(3);
    expect(first!.traceId).not.toBe(second!.traceId);
    expect(lost()).toEqual({});
  });

  test('refuses spans that are not declared or end before they start, and of a bad parent only that', async () => {
    const { worker, spans, lost } = await start();
    worker.records('ring', batchOf([{ kind: KIND.badSpan, time: 500 }]));
    await worker.tick();
    expect(lost()).toEqual({ undeclared: 2, invalid: 2 });
    expect(spans.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([['orphan', undefined]]);
  });

  test('keeps the newest trace of each octave as an exemplar, and reports ids that are none', async () => {
    const { worker, exemplars, histogram, lost } = await start();
    const refused: string[] = [];
    worker.on('refused', (message) => refused.push(message));
    const latencies = [300e6, 260e6, 600e6];
    worker.records('ring', batchOf(latencies.map((latency) => ({ latency, kind: KIND.traced }))));
    worker.records('ring', batchOf([{ latency: 700e6 }, { latency: 700e6, kind: KIND.badlyTraced }]));
    await worker.tick();
    const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', time: expect.any(Number) };
    expect(exemplars('work.program', 1)).toEqual([[{ value: 0.26, ...ids }, { value: 0.6, ...ids }]]);
    expect(exemplars('work.program', 0)).toEqual([[{ value: 1, ...ids }]]);
    expect(histogram('work.program', 1, 'name=program1,name=job').count).toBe(5);
    expect(lost()).toEqual({});
    expect(refused).toEqual([expect.stringContaining('32 and 16 hexadecimal digits')]);
  });

  test('emits events with process, wall time and attributes', async () => {
    const { worker, events } = await start();
    worker.records('ring', batchOf([{ latency: 2e9, name: 'slow', time: 7, tgid: 3 }, { latency: 1 }]));
    await worker.tick();
    expect(events).toEqual([
      {
        probe: 'work',
        name: 'work.slow',
        time: 1007,
        severity: 'warn',
        body: '{work.name} was slow',
        identity: expect.any(Number),
        attributes: { 'work.name': 'slow' },
        weight: 1,
      },
    ]);
  });

  test('turns snapshots of a map into deltas', async () => {
    const { worker, numbersOf } = await start();
    await worker.snapshot('jobs', changesOf({ 7: 70, 8: 80 }));
    expect(numbersOf('work.program')).toEqual({ 'name=key 7': 70, 'name=key 8': 80 });
  });

  test('hears of processes that ended, also of one that had ended before its record came', async () => {
    const { people, worker, numbersOf } = await start();
    worker.records('ring', batchOf([{ tgid: 1 }, { tgid: 2 }, { tgid: 3 }]));
    await worker.tick();
    expect(numbersOf('work.all')).toEqual({ '': 3 });
    people.dies(people.process(2, 1, 20_000_000_000));
    people.dies(people.process(9, 1, 90_000_000_000));
    worker.records('ring', batchOf([{ tgid: 9 }]));
    await worker.tick();
    await worker.tick();
    expect([numbersOf('work.all', 0), numbersOf('work.all', 1)]).toEqual([{ '': 2 }, { '': 2 }]);
  });

  test('gets new params while it runs', async () => {
    const { worker, events } = await start();
    await worker.params({ threshold: 10 });
    worker.records('ring', batchOf([{ latency: 11 }]));
    await worker.tick();
    expect(events).toHaveLength(1);
  });

  test('loses nothing over more series than it remembers', async () => {
    const { worker, sum, lost } = await start();
    for (let round = 0; round < 3; round++) {
      for (let block = 0; block < 8; block++) {
        worker.records('ring', batchOf(Array.from({ length: 10_000 }, (_, i) => ({ name: `n${block * 10_000 + i}` }))));
        await worker.tick();
      }
    }
    expect(sum('work.program')).toBe(240_000);
    expect(lost()).toEqual({});
  });

  test('cannot load an addon and sees no environment', async () => {
    const { worker, lost } = await start();
    const failed = failure(worker);
    worker.records('ring', batchOf([{ kind: KIND.addon }]));
    expect((await failed).error).toContain('loading addons is disabled');
    expect(lost()).toEqual({ error: 1 });
  });
});

describe('a decoder that misbehaves', () => {
  test('by throwing loses its batch, counted, and is started again', async () => {
    const { worker, sum, lost } = await start();
    const failed = failure(worker);
    worker.records('ring', many(10));
    worker.records('ring', many(5, { kind: KIND.throw }));
    expect((await failed).error).toContain('a record that I do not understand');
    worker.records('ring', many(20));
    await running(worker);
    await worker.tick();
    expect(sum('work.program') + lost()['error']!).toBe(35);
    expect(sum('work.program')).toBeGreaterThanOrEqual(20);
    expect(worker.stats).toMatchObject({ restarts: 1, records: sum('work.program'), lost: lost()['error'] });
  });

  test('by looping for ever is ended after the time that a batch may take', async () => {
    const { worker, sum, lost } = await start({ batchMilliseconds: 200 });
    const failed = failure(worker);
    worker.records('ring', many(7, { kind: KIND.loop }));
    expect(await failed).toEqual({ cause: 'timeout', error: 'one batch took longer than 200 ms' });
    await running(worker);
    worker.records('ring', many(3));
    await worker.tick();
    expect(lost()).toEqual({ timeout: 7 });
    expect(sum('work.program')).toBe(3);
  });

  test.each(['postNothing', 'postAnswer', 'postColumns'] as const)(
    'by posting to the host what is no answer of its (%s) is started again',
    async (kind) => {
      const { worker, sum } = await start();
      const failed = failure(worker);
      worker.records('ring', many(2, { kind: KIND[kind] }));
      expect(await failed).toMatchObject({ cause: 'error', error: expect.stringContaining('it posted what cannot be read') });
      await running(worker);
      worker.records('ring', many(3));
      await worker.tick();
      expect(sum('work.program')).toBeGreaterThanOrEqual(3);
    },
  );

  test('by hanging in a system call is left behind, and is not started again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sonde-pipe-'));
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const { worker, lost } = await start({ batchMilliseconds: 200 }, { ...WORK, params: { threshold: 1e9, pipe } });
    const failed = failure(worker);
    worker.records('ring', many(3, { kind: KIND.readPipe }));
    const waiting = worker.snapshot('jobs', changesOf({ 1: 1, 2: 2 }));
    expect(await failed).toMatchObject({ cause: 'timeout', stuck: true });
    await waiting;
    worker.records('ring', many(4));
    await worker.stop();
    expect([lost(), worker.stats.state, hasStuckThreads()]).toEqual([{ timeout: 5, queue_full: 4 }, 'stopped', true]);
    await (await open(pipe, 'w')).close();
    while (hasStuckThreads()) await new Promise((resolve) => setTimeout(resolve, 5));
    await rm(folder, { recursive: true });
  });

  test('by filling its heap is ended, and the host is not', async () => {
    const { worker, sum, lost } = await start({ heapBytes: 32 * MEBIBYTE, batchMilliseconds: 20_000 });
    const failed = failure(worker);
    worker.records('ring', many(7, { kind: KIND.eatHeap }));
    expect(await failed).toMatchObject({ cause: 'memory' });
    await running(worker);
    worker.records('ring', many(3));
    await worker.tick();
    expect(lost()).toEqual({ memory: 7 });
    expect(sum('work.program')).toBe(3);
  });

  test('by hoarding buffers outside of its heap is ended', async () => {
    const { worker, lost } = await start({ heapBytes: 64 * MEBIBYTE, batchMilliseconds: 20_000 });
    const failed = failure(worker);
    worker.records('ring', many(2, { kind: KIND.eatBuffers }));
    expect(await failed).toMatchObject({ cause: 'memory' });
    expect(lost()).toEqual({ memory: 2 });
  });

  test('by ending its thread or leaving a promise alone is started again', async () => {
    const { worker, sum, lost } = await start();
    for (const kind of [KIND.exit, KIND.reject]) {
      const failed = failure(worker);
      worker.records('ring', many(2, { kind }));
      await failed;
      await running(worker);
    }
    expect(sum('work.program') + (lost()['error'] ?? 0)).toBe(4);
  });

  test('by emitting what the manifest lacks loses only that, counted and told once each', async () => {
    const { worker, sum, lost } = await start();
    const told: string[] = [];
    worker.on('refused', (message) => told.push(message));
    worker.records('ring', many(3, { kind: KIND.undeclared }));
    await worker.tick();
    expect(sum('work.program')).toBe(3);
    expect(lost()).toEqual({ undeclared: 12, invalid: 3 });
    expect(told.sort()).toEqual([
      "attribute 'colour' is not declared for event 'work.slow'",
      "cannot add a number to the gauge 'work.alive' of 'work.all'",
      "entity 'work.secret' is not declared in the manifest with `source: { decoder: true }`",
      "event 'work.secret' is not declared in the manifest with `source: { decoder: true }`",
      "metric 'work.cuont' is not declared for entity 'work.all'",
      'what was emitted for a refused entity is lost',
    ]);
  });

  test('by being slower than its records loses what finds no room, counted', async () => {
    const { worker, sum, lost } = await start({ queueBytes: MEBIBYTE });
    for (let i = 0; i < 100; i++) worker.records('ring', many(1000));
    await worker.tick();
    expect(lost()['queue_full']).toBeGreaterThan(0);
    expect(sum('work.program') + lost()['queue_full']!).toBe(100_000);
  });

  test('loses nothing that waits while it is started again', async () => {
    const { worker, sum, lost } = await start({ restartMilliseconds: 200 });
    const failed = failure(worker);
    worker.records('ring', many(1, { kind: KIND.exit }));
    await failed;
    for (let i = 0; i < 50; i++) worker.records('ring', many(100));
    await running(worker);
    await worker.tick();
    expect(sum('work.program')).toBe(5000);
    expect(lost()).toEqual({ error: 1 });
  });
});

describe('the runner', () => {
  test('has every cause of loss at 0 from the start', async () => {
    const { lossRows } = await start();
    expect(lossRows().map(({ stage, cause, count }) => `${stage} ${cause} ${count}`)).toEqual(
      ['queue_full', 'error', 'timeout', 'memory', 'undeclared', 'invalid'].map((cause) => `decoder ${cause} 0`),
    );
  });

  test('finishes what is queued before it stops', async () => {
    const { worker, sum } = await setUp();
    for (let i = 0; i < 20; i++) worker.records('ring', many(1000));
    await worker.stop();
    expect(sum('work.program')).toBe(20_000);
    expect(worker.stats.state).toBe('stopped');
  });

  test('counts what a decoder that hangs leaves when it stops', async () => {
    const { worker, lost } = await setUp({ batchMilliseconds: 100 });
    worker.records('ring', many(4, { kind: KIND.loop }));
    worker.records('ring', many(5));
    await worker.stop();
    expect(Object.values(lost()).reduce((a, b) => a + b)).toBe(9);
  });

  test('says why a decoder does not start', async () => {
    await expect(setUp({}, { ...WORK, file: '/nonexistent/decoder.js' })).rejects.toMatchObject({
      code: 'SONDE_DECODER_FAILED',
      message: expect.stringContaining('/nonexistent/decoder.js'),
    });
    await expect(setUp({}, { ...WORK, btf: WORK.btf.slice(0, 7) })).rejects.toThrow('work_event');
  });
});
