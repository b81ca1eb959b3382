// SPDX-License-Identifier: Apache-2.0
import type { Entity, EventKind, RingSource } from '@sonde/kit';
import { describe, expect, test } from 'vitest';
import { compileEventSource, compileRingSource, type EventRecord } from '../../src/events/index.ts';
import type { Identity } from '../../src/identity/types.ts';
import { createSeriesStore } from '../../src/series/index.ts';
import { batchOf, Crowd, WORK } from '../decoders/work.ts';
import { numbers } from '../series/people.ts';

const btf = { types: WORK.btf };
const source: RingSource = { ring: 'ring', struct: 'work_event', kind: 1 };

describe('an event of a ring', () => {
  const kind: EventKind & { source: RingSource } = {
    source,
    severity: 'info',
    body: '{work.name} ended',
    when: 'report',
    attributes: {
      'work.name': 'name',
      'work.latency': 'latency',
      'work.size': { from: 'unused', values: { 0: 'small' } },
    },
  };

  function setUp() {
    const people = new Crowd();
    const events: EventRecord[] = [];
    const emit = (event: EventRecord): void => void events.push(event);
    const services = { identity: people, emit, clockOffset: () => 1e6 };
    return { people, events, source: compileEventSource('work', 'work.done', kind, btf, services) };
  }

  test('is one for each record of its kind, with process, wall time and weight', () => {
    const { people, events, source } = setUp();
    source.setParams({ report: true });
    source.records(
      batchOf([{ kind: 0 }, { kind: 1, tgid: 4, latency: 9, name: 'x', time: 30, weight: 2 }, { kind: 2 }]),
    );
    expect(events).toEqual([
      {
        probe: 'work',
        name: 'work.done',
        time: 1e6 + 30,
        severity: 'info',
        body: '{work.name} ended',
        identity: people.process(4, 1, 40_000_000_000),
        attributes: { 'work.name': 'x', 'work.latency': 9, 'work.size': 'small' },
        weight: 2,
      },
    ]);
  });

  test('comes only while its param is true, and without attributes that are empty', () => {
    const { events, source } = setUp();
    source.setParams({ report: false });
    source.records(batchOf([{ kind: 1 }]));
    source.setParams({ report: true });
    source.records(batchOf([{ kind: 1, name: '', latency: 1 }]));
    expect(events.map(({ attributes }) => attributes)).toEqual([{ 'work.latency': 1, 'work.size': 'small' }]);
  });

  test('is read whole from a record that is shorter than its struct', () => {
    const { events, source } = setUp();
    source.setParams({ report: true });
    const batch = batchOf([
      { kind: 1, name: 'abcdef', tgid: 4 },
      { kind: 1, name: 'next' },
    ]);
    const short = 42; // the name's first two bytes
    const view = new DataView(batch.buffer.buffer);
    view.setUint32(0, short, true);
    batch.buffer.copyWithin(8 + 48, 8 + 64);
    source.records({ ...batch, byteLength: batch.byteLength - 16 });
    expect(events.map(({ attributes }) => attributes['work.name'])).toEqual(['ab', 'next']);
  });
});

test('an entity of a ring counts records, adds fields and observes them, by process', () => {
  const people = new Crowd();
  const store = createSeriesStore(people);
  const reader = store.view({ identity: ['process.executable.name'] }).reader();
  const metric = { unit: '1', help: '' };
  const entity: Entity & { source: RingSource } = {
    source,
    attributes: { 'work.name': 'name' },
    metrics: {
      'work.count': { ...metric, type: 'counter', value: 1 },
      'work.time': { ...metric, type: 'counter', value: 'latency' },
      'work.duration': { ...metric, type: 'histogram', value: 'latency' },
    },
  };
  const metrics = Object.entries(entity.metrics).map(([name, { type }]) => ({ name, type, unit: '1', help: '' }));
  const table = store.define({ probe: 'work', name: 'work', attributes: ['work.name'], metrics });
  const ring = compileRingSource(entity, btf, table, { identity: people as unknown as Identity });
  ring.records(
    batchOf([
      { kind: 1, latency: 10 },
      { kind: 1, latency: 20, weight: 3 },
      { kind: 0 },
      { kind: 1, tgid: 2, name: 'b' },
    ]),
  );
  people.dies(people.process(1, 1, 10_000_000_000));
  ring.records(batchOf([{ kind: 1, latency: 1 }]));
  const all = reader.snapshot();
  expect(numbers(all, 'work', 0)).toEqual({ 'name=program1,name=job': 5, 'name=program2,name=b': 1 });
  expect(numbers(all, 'work', 1)).toEqual({ 'name=program1,name=job': 71, 'name=program2,name=b': 100 });
  ring.close();
});
