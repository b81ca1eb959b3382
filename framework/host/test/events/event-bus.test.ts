// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EventBus, eventBody, PartlyDelivered, type EventRecord } from '../../src/events/index.ts';
import { createSeriesStore } from '../../src/series/index.ts';
import { People } from '../series/people.ts';

function event(change: Partial<EventRecord> = {}): EventRecord {
  const attributes = { 'file.name': 'a' };
  return {
    probe: 'fsync',
    name: 'fsync.slow',
    time: 1,
    severity: 'warn',
    identity: 0,
    attributes,
    weight: 1,
    ...change,
  };
}

function setUp() {
  const { loss } = createSeriesStore(new People());
  const settle = vi.fn();
  const bus = new EventBus({ loss, settle });
  bus.declare('fsync');
  const rows = () => loss.rows('fsync').map(({ cause, sink, count }) => `${sink} ${cause} ${count}`);
  return { bus, settle, rows };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the event bus', () => {
  test('hands a lone event over within a second, after processes were settled', async () => {
    const { bus, settle } = setUp();
    const got: EventRecord[] = [];
    bus.subscribe('log', (events) => {
      expect(settle).toHaveBeenCalled();
      got.push(...events);
    });
    bus.emit(event());
    expect(got).toEqual([]);
    await vi.advanceTimersByTimeAsync(900);
    expect(got).toEqual([event()]);
  });

  test('keeps the order and hands over no more than a batch', async () => {
    const { bus } = setUp();
    const batches: number[][] = [];
    const subscription = bus.subscribe('log', (events) => void batches.push(events.map(({ time }) => time)), {
      batch: 2,
    });
    for (let time = 1; time <= 5; time++) bus.emit(event({ time }));
    await subscription.flush();
    expect(batches).toEqual([[1, 2], [3, 4], [5]]);
  });

  test('hands over what `prepare` makes of an event; one that it leaves out is neither delivered nor lost', async () => {
    const { bus, rows } = setUp();
    const got: number[] = [];
    const take = (events: readonly EventRecord[]): void => {
      got.push(events[0]!.weight);
      if (events.length > 1) throw new PartlyDelivered(1, new Error('the second not'));
    };
    const prepare = (record: EventRecord) => (record.time === 2 ? undefined : { ...record, weight: record.time * 10 });
    const subscription = bus.subscribe('log', take, { prepare, batch: 3 });
    for (let time = 1; time <= 4; time++) bus.emit(event({ time }));
    await subscription.flush();
    expect(got).toEqual([10, 40]);
    expect(subscription).toMatchObject({ delivered: 2, dropped: 1 });
    expect(rows()).toContain('log refused 1');
  });

  test('drops and counts what finds no room while a sink is slow, for that sink alone', async () => {
    const { bus, rows } = setUp();
    const released = Promise.withResolvers<void>();
    const slow = bus.subscribe('slow', () => released.promise, { capacity: 10, batch: 1 });
    const quick = bus.subscribe('quick', () => {}, { capacity: 100 });
    for (let i = 0; i < 30; i++) bus.emit(event());
    await vi.advanceTimersByTimeAsync(500);
    for (let i = 0; i < 30; i++) bus.emit(event());
    released.resolve();
    await Promise.all([slow.flush(), quick.flush()]);
    expect([slow.delivered, slow.dropped]).toEqual([11, 49]);
    expect([quick.delivered, quick.dropped]).toEqual([60, 0]);
    expect(rows()).toEqual([
      'slow queue_full 49',
      'slow refused 0',
      'slow stopped 0',
      'quick queue_full 0',
      'quick refused 0',
      'quick stopped 0',
    ]);
  });

  test('counts what a sink refuses, without what it took', async () => {
    const { bus, rows } = setUp();
    const subscription = bus.subscribe('log', (events) => {
      throw events.length > 1 ? new PartlyDelivered(2, 'disk full') : new Error('broken');
    });
    for (let i = 0; i < 5; i++) bus.emit(event());
    await subscription.flush();
    bus.emit(event());
    await subscription.close();
    expect([subscription.delivered, subscription.dropped]).toEqual([2, 4]);
    expect(rows()).toEqual(['log queue_full 0', 'log refused 4', 'log stopped 0']);
  });

  test('hands over what is queued when a sink closes, and nothing after', async () => {
    const { bus } = setUp();
    const subscription = bus.subscribe('log', () => {});
    bus.emit(event());
    await subscription.close();
    bus.emit(event());
    await vi.advanceTimersByTimeAsync(500);
    expect(subscription.delivered).toBe(1);
  });
});

test('the body of an event fills in its attributes', () => {
  const attributes = { 'file.name': 'a$&', size: 3 };
  expect(eventBody(event({ body: '{file.name} has {size} bytes{absent}', attributes }))).toBe('a$& has 3 bytes');
  expect(eventBody(event())).toBeUndefined();
});
