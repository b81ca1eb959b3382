// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSeriesStore } from '../../src/series/store.ts';
import type { EntityDefinition, SeriesOptions } from '../../src/series/types.ts';
import { numbers, People, tableOf } from './people.ts';

const FILES: EntityDefinition = {
  probe: 'fsync',
  name: 'files',
  attributes: ['file.type'],
  metrics: [
    { name: 'fsync.calls', type: 'counter', unit: '{call}', help: 'Calls' },
    { name: 'fsync.time', type: 'counter', unit: 's', scale: 1e-9, help: 'Time' },
    { name: 'fsync.open', type: 'gauge', unit: '{file}', fold: 'sum', help: 'Open' },
    { name: 'fsync.oldest', type: 'gauge', unit: 's', fold: 'min', help: 'Oldest' },
    { name: 'fsync.newest', type: 'gauge', unit: 's', fold: 'max', help: 'Newest' },
    { name: 'fsync.size', type: 'gauge', unit: 'By', help: 'Last size' },
  ],
};
const [CALLS, TIME, OPEN, OLDEST, NEWEST, SIZE] = [0, 1, 2, 3, 4, 5];
const BY_EXECUTABLE = { identity: ['process.executable.name'] };
const BY_PID = { identity: ['process.executable.name', 'process.pid'] };

function setUp(options: SeriesOptions = {}) {
  const people = new People();
  const store = createSeriesStore(people, options);
  const reader = store.view(BY_EXECUTABLE).reader();
  const byPid = store.view(BY_PID).reader();
  return { people, store, reader, byPid, files: store.define(FILES) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Long enough for the next refresh not to be shared with the one before. */
async function refreshAfter(store: ReturnType<typeof setUp>['store'], milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(Math.max(milliseconds, 1001));
  await store.refresh();
}

describe('a view', () => {
  test('adds up differences of all rows with the same labels', () => {
    const { people, reader, byPid, files } = setUp();
    const [a, b] = [people.born('cron', 7), people.born('cron', 8)];
    files.add(files.open(a, ['regular']), CALLS, 3);
    files.add(files.row(b, ['regular']), CALLS, 4);
    files.add(files.row(b, ['']), CALLS, 1);
    expect(numbers(reader.snapshot(), 'files')).toEqual({ 'name=cron,type=regular': 7, 'name=cron': 1 });
    expect(numbers(byPid.snapshot(), 'files')).toEqual({
      'name=cron,pid=7,type=regular': 3,
      'name=cron,pid=8,type=regular': 4,
      'name=cron,pid=8': 1,
    });
  });

  test('is shared by readers with an equal choice of labels, and goes with the last of them', () => {
    const { people, store, files } = setUp();
    const spec = { identity: [], probes: { fsync: { attributes: [] } } };
    expect(store.view(spec)).toBe(store.view(structuredClone(spec)));
    const reader = store.view(spec).reader();
    files.add(files.row(people.born('a'), ['x']), CALLS, 1);
    files.add(files.row(people.born('b'), ['y']), CALLS, 1);
    expect(numbers(reader.snapshot(), 'files')).toEqual({ '': 2 });
    reader.close();
    expect(numbers(store.view(spec).reader().snapshot(), 'files')).toEqual({});
  });

  test('shows a counter from its first difference on, be it 0, and recorded numbers in base units', () => {
    const { people, reader, files } = setUp();
    const row = files.row(people.born('a'), ['']);
    files.add(row, CALLS, 0);
    expect(numbers(reader.snapshot(), 'files')).toEqual({ 'name=a': 0 });
    expect(numbers(reader.snapshot(), 'files', TIME)).toEqual({});
    files.add(row, TIME, 3);
    expect(numbers(reader.snapshot(), 'files', TIME)).toEqual({ 'name=a': 3e-9 });
  });

  test('is a copy: what is added later does not show', () => {
    const { people, reader, files } = setUp();
    const row = files.row(people.born('a'), ['']);
    files.add(row, CALLS, 1);
    const snapshot = reader.snapshot();
    files.add(row, CALLS, 1);
    expect(numbers(snapshot, 'files')).toEqual({ 'name=a': 1 });
  });

  test('can carry every label that identity knows, apart from those of the entity', () => {
    const { people, store, files } = setUp();
    const reader = store.view({ identity: 'all' }).reader({ acknowledges: true });
    const id = people.born('a', 5);
    files.add(files.row(id, ['regular']), CALLS, 1);
    const table = tableOf(reader.snapshot(), 'files')!;
    expect(table.labels[1]).toEqual({
      names: ['process.executable.name', 'process.pid', 'file.type'],
      values: ['a', 5, 'regular'],
      identity: 2,
    });
    expect(table.identities[1]).toBe(id);
  });

  test('adds what a full kernel map could give no key to a series of its own', () => {
    const { reader, files } = setUp();
    files.add(files.overflow, CALLS, 9);
    expect(numbers(reader.snapshot(), 'files')).toEqual({ 'overflow=true': 9 });
  });
});

describe('a gauge', () => {
  test('is folded over the rows that live, as declared', () => {
    const { people, reader, files } = setUp();
    const rows = [2, 9, 4].map((value) => {
      const row = files.open(people.born('a'), ['']);
      for (const metric of [OPEN, OLDEST, NEWEST, SIZE]) files.set(row, metric, value);
      return row;
    });
    const read = () =>
      [OPEN, OLDEST, NEWEST, SIZE].map((metric) => numbers(reader.snapshot(), 'files', metric)['name=a']);
    expect(read()).toEqual([15, 2, 9, 4]);
    files.set(rows[0]!, SIZE, 2);
    expect(read()).toEqual([15, 2, 9, 2]);
    files.end(rows[1]!);
    expect(read()).toEqual([6, 2, 4, 2]);
    files.set(rows[0]!, OPEN, NaN);
    expect(read()).toEqual([4, 2, 4, 2]);
  });

  test('vanishes with its process, while counters stay', () => {
    const { people, reader, files } = setUp();
    const id = people.born('a');
    const row = files.open(id, ['']);
    files.set(row, OPEN, 1);
    files.add(row, CALLS, 1);
    people.dies(id);
    files.add(row, CALLS, 1);
    expect(numbers(reader.snapshot(), 'files', OPEN)).toEqual({});
    expect(numbers(reader.snapshot(), 'files', CALLS)).toEqual({ 'name=a': 2 });
  });

  test('vanishes when its probe stops', () => {
    const { people, reader, files } = setUp();
    files.set(files.open(people.born('a'), ['']), OPEN, 1);
    files.endAll();
    expect(numbers(reader.snapshot(), 'files', OPEN)).toEqual({});
    expect(files.size).toBe(0);
  });
});

describe('labels that change', () => {
  test('make a new series from that moment, and the old one keeps its total', () => {
    const { people, reader, files } = setUp();
    const id = people.born('sh');
    const row = files.open(id, ['']);
    files.add(row, CALLS, 5);
    files.set(row, OPEN, 1);
    people.relabelled(id, 'python');
    files.add(row, CALLS, 2);
    expect(numbers(reader.snapshot(), 'files')).toEqual({ 'name=sh': 5, 'name=python': 2 });
    expect(numbers(reader.snapshot(), 'files', OPEN)).toEqual({ 'name=python': 1 });
  });
});

describe('what has ended', () => {
  test('stays visible for the retention if labels name it, for ever if not', async () => {
    const { people, store, reader, byPid, files } = setUp({ retention: 300_000 });
    const id = people.born('cron', 7);
    files.add(files.row(id, ['']), CALLS, 1);
    people.dies(id);
    await refreshAfter(store, 0);
    expect(tableOf(byPid.snapshot(), 'files')!.ended[1]).toBe(1);
    await refreshAfter(store, 299_000);
    expect(numbers(byPid.snapshot(), 'files')).toEqual({ 'name=cron,pid=7': 1 });
    await refreshAfter(store, 2_000);
    expect(numbers(byPid.snapshot(), 'files')).toEqual({});
    expect(numbers(reader.snapshot(), 'files')).toEqual({ 'name=cron': 1 });
    files.add(files.row(people.born('cron', 9), ['']), CALLS, 1);
    expect(numbers(reader.snapshot(), 'files')).toEqual({ 'name=cron': 2 });
  });

  test('goes with its container if the labels name that, however long its processes are gone or live', async () => {
    const container = { ended: false };
    const { people, store, reader, files } = setUp({ retention: 300_000, groupOf: () => container });
    const byContainer = store.view({ identity: ['process.executable.name', 'container.id'] }).reader();
    const id = people.born('cron', 7);
    const row = files.open(id, ['']);
    files.add(row, CALLS, 1);
    people.dies(id);
    await refreshAfter(store, 400_000);
    expect(numbers(byContainer.snapshot(), 'files'), 'another process of it may come').toEqual({ 'name=cron': 1 });
    container.ended = true;
    await refreshAfter(store, 0);
    expect(tableOf(byContainer.snapshot(), 'files')!.ended[1]).toBe(1);
    files.end(row);
    await refreshAfter(store, 301_000);
    expect(numbers(byContainer.snapshot(), 'files')).toEqual({});
    expect(numbers(reader.snapshot(), 'files')).toEqual({ 'name=cron': 1 });
  });

  test('counts on if its last differences come late', async () => {
    const { people, store, byPid, files } = setUp();
    const id = people.born('cron', 7);
    const row = files.open(id, ['']);
    files.add(row, CALLS, 1);
    people.dies(id);
    await refreshAfter(store, 290_000);
    files.add(row, CALLS, 1);
    await refreshAfter(store, 290_000);
    expect(numbers(byPid.snapshot(), 'files')).toEqual({ 'name=cron,pid=7': 2 });
  });

  test('and whose pid another process has now is one series, which lives', async () => {
    const { people, store, byPid, files } = setUp();
    const first = people.born('sh', 7);
    files.add(files.row(first, ['']), CALLS, 1);
    people.dies(first);
    const second = people.born('sh', 7);
    files.add(files.row(second, ['']), CALLS, 1);
    await refreshAfter(store, 600_000);
    await refreshAfter(store, 600_000);
    expect(numbers(byPid.snapshot(), 'files')).toEqual({ 'name=sh,pid=7': 2 });
  });

  test('goes `retention` after its last row if the attributes name a thing with an end', async () => {
    const { people, store, reader } = setUp();
    const links = store.define({ ...FILES, name: 'links', mortal: true });
    const id = people.born('redis');
    const [open, closed] = [links.open(id, ['open']), links.open(id, ['closed'])];
    links.add(open, CALLS, 1);
    links.add(closed, CALLS, 1);
    links.end(closed);
    await refreshAfter(store, 0);
    await refreshAfter(store, 300_001);
    expect(numbers(reader.snapshot(), 'links')).toEqual({ 'name=redis,type=open': 1 });
  });

  test('is forgotten as soon as every reader that acknowledges has its final value', async () => {
    const people = new People();
    const store = createSeriesStore(people);
    const [one, other] = [BY_PID, BY_PID].map((spec) => store.view(spec).reader({ acknowledges: true }));
    const files = store.define(FILES);
    const id = people.born('cron', 7);
    const row = files.open(id, ['']);
    files.add(row, CALLS, 1);
    people.dies(id);
    await refreshAfter(store, 0);
    const before = one!.snapshot();
    files.add(row, CALLS, 1);
    const final = one!.snapshot();
    one!.acknowledge(final);
    other!.acknowledge(before);
    await refreshAfter(store, 0);
    expect(numbers(one!.snapshot(), 'files')).toEqual({ 'name=cron,pid=7': 2 });
    // one has it all, the other has not
    const [ofOne, ofOther] = [one, other].map((reader) => tableOf(reader!.snapshot(), 'files')!.ended[1]);
    expect([ofOne, ofOther]).toEqual([2, 1]);
    other!.acknowledge(final);
    await refreshAfter(store, 0);
    expect(numbers(one!.snapshot(), 'files')).toEqual({});
  });

  test('lets go of identities, which rows and the series that name them have held', async () => {
    const { people, store, files } = setUp();
    const ids = ['a', 'b'].map((name) => people.born(name));
    for (const id of ids) files.add(files.row(id, ['']), CALLS, 1);
    expect([...people.holds.keys()]).toEqual(ids);
    for (const id of ids) people.dies(id);
    await refreshAfter(store, 0);
    await refreshAfter(store, 300_001);
    expect(people.holds.size).toBe(0);
    expect(files.size).toBe(0);
  });
});

describe('the series budget', () => {
  const read = (snapshot: Parameters<typeof numbers>[0]) => numbers(snapshot, 'files');

  test('sends what exceeds it to the overflow series, counted', () => {
    const { people, store, reader, files } = setUp({ budget: 2 });
    for (const name of ['a', 'b', 'c', 'd']) files.add(files.row(people.born(name), ['']), CALLS, 1);
    expect(read(reader.snapshot())).toEqual({ 'name=a': 1, 'name=b': 1, 'overflow=true': 2 });
    expect(store.overflow.count('fsync')).toBe(2);
    expect(store.seriesCount('fsync')).toBe(2);
  });

  test('demotes idle series first, and their totals count in the overflow series', async () => {
    const { people, store, reader, files } = setUp({ budget: 2 });
    const [a, b] = ['a', 'b'].map((name) => files.open(people.born(name), ['']));
    files.add(a!, CALLS, 10);
    files.add(b!, CALLS, 20);
    await refreshAfter(store, 61_000);
    files.add(b!, CALLS, 1);
    files.add(files.open(people.born('c'), ['']), CALLS, 1);
    expect(read(reader.snapshot())).toEqual({ 'name=b': 21, 'name=c': 1, 'overflow=true': 10 });
  });

  test('lets rows out of the overflow series once there is room', async () => {
    const { people, store, reader, files } = setUp({ budget: 1 });
    const [, b] = ['a', 'b'].map((name) => {
      const row = files.open(people.born(name), ['']);
      files.add(row, CALLS, 1);
      return row;
    });
    store.setBudget('fsync', 2);
    await refreshAfter(store, 0);
    files.add(b!, CALLS, 5);
    expect(read(reader.snapshot())).toEqual({ 'name=a': 1, 'name=b': 5, 'overflow=true': 1 });
  });

  test('is shared by the entities of a probe and differs by probe', () => {
    const { people, store, reader, files } = setUp({ budget: 1 });
    const other = store.define({ ...FILES, name: 'other' });
    const foreign = store.define({ ...FILES, probe: 'tcp' });
    for (const table of [files, other, foreign]) table.add(table.row(people.born('a'), ['']), CALLS, 1);
    expect(numbers(reader.snapshot(), 'other')).toEqual({ 'overflow=true': 1 });
    expect(store.overflow.count('tcp')).toBe(0);
  });
});

describe('a definition', () => {
  test('that comes again continues the table', () => {
    const { people, store, reader, files } = setUp();
    files.add(files.row(people.born('a'), ['']), CALLS, 1);
    const again = store.define(structuredClone(FILES));
    expect(again).toBe(files);
    expect(numbers(reader.snapshot(), 'files')).toEqual({ 'name=a': 1 });
  });

  test('that changed keeps the totals of the former one beside its own', () => {
    const { people, store, reader, files } = setUp();
    const id = people.born('a');
    files.add(files.row(id, ['']), CALLS, 1);
    const now = store.define({ ...FILES, attributes: ['file.type', 'mount'] });
    now.add(now.row(id, ['', '']), CALLS, 2);
    const totals = reader.snapshot().tables.filter(({ definition }) => definition.name === 'files');
    expect(totals.map(({ metrics }) => (metrics[CALLS] as Float64Array)[1])).toEqual([1, 2]);
  });

  test('is refused if another entity has that metric with another type or unit', () => {
    const { store } = setUp();
    const clash = { ...FILES, probe: 'other', metrics: [{ ...FILES.metrics[0]!, unit: 'By' }] };
    expect(() => store.define(clash)).toThrow(expect.objectContaining({ code: 'SONDE_SERIES_CONFLICT' }));
  });

  test('is refused if two attributes differ only in punctuation', () => {
    const { store } = setUp();
    expect(() => store.define({ ...FILES, name: 'x', attributes: ['a.b', 'a_b'] })).toThrow("attribute 'a_b'");
  });
});

describe('a refresh', () => {
  test('asks each source once for all who ask within a second', async () => {
    const { store } = setUp();
    const source = vi.fn(async () => {});
    const remove = store.addSource('fsync', source);
    await Promise.all([store.refresh(), store.refresh()]);
    await store.refresh();
    expect(source).toHaveBeenCalledTimes(1);
    await refreshAfter(store, 1001);
    expect(source).toHaveBeenCalledTimes(2);
    remove();
    await refreshAfter(store, 1001);
    expect(source).toHaveBeenCalledTimes(2);
  });

  test('happens by itself every interval', async () => {
    const { store } = setUp({ interval: 10_000 });
    const source = vi.fn(async () => {});
    store.addSource('fsync', source);
    store.start();
    await vi.advanceTimersByTimeAsync(30_500);
    expect(source).toHaveBeenCalledTimes(3);
    store.close();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(source).toHaveBeenCalledTimes(3);
  });

  test('goes on without a source that fails or hangs, and says so', async () => {
    const { store } = setUp();
    const failures: unknown[] = [];
    store.onSourceFailed((probe, error) => failures.push([probe, error]));
    const hanging = vi.fn(() => new Promise<void>(() => {}));
    store.addSource('bad', async () => Promise.reject(new Error('no map')));
    store.addSource('slow', hanging);
    const refresh = store.refresh();
    await vi.advanceTimersByTimeAsync(5000);
    await refresh;
    expect(failures).toEqual([
      ['bad', new Error('no map')],
      ['slow', expect.objectContaining({ code: 'SONDE_SERIES_SOURCE_TIMEOUT' })],
    ]);
    await store.refresh();
    expect(hanging).toHaveBeenCalledTimes(1);
  });
});

describe('the ledgers', () => {
  test('show loss at 0 once declared, and what was added', () => {
    const { store, reader } = setUp();
    store.loss.declare('fsync', 'ring', 'full');
    store.loss.add('fsync', 'sink', 'queue_full', 3, 'kafka');
    store.overflow.declare('fsync');
    expect(numbers(reader.snapshot(), 'loss')).toEqual({
      'probe=fsync,stage=ring,cause=full': 0,
      'probe=fsync,stage=sink,cause=queue_full,sink=kafka': 3,
    });
    expect(numbers(reader.snapshot(), 'overflow')).toEqual({ 'probe=fsync': 0 });
    expect(store.loss.rows('fsync')).toEqual([
      { probe: 'fsync', stage: 'ring', cause: 'full', count: 0 },
      { probe: 'fsync', stage: 'sink', cause: 'queue_full', sink: 'kafka', count: 3 },
    ]);
  });

  test('count a counter that would fall', () => {
    const { people, store, reader, files } = setUp();
    const row = files.row(people.born('a'), ['']);
    files.add(row, CALLS, -1);
    files.add(row, CALLS, NaN);
    expect(numbers(reader.snapshot(), 'files')).toEqual({});
    expect(store.loss.rows()).toEqual([{ probe: 'fsync', stage: 'series', cause: 'invalid', count: 2 }]);
  });
});
