// SPDX-License-Identifier: Apache-2.0
import type { Entity, ProcfsSource } from '@sonde/kit';
import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compileProcfsSource, type WatchedProcess } from '../../src/procfs/index.ts';
import { createSeriesStore } from '../../src/series/index.ts';
import { numbers, People } from '../series/people.ts';

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'sonde-proc-'))));
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

type Metrics = Record<string, [type: 'counter' | 'updowncounter' | 'gauge', field: string]>;

function setUp(
  source: ProcfsSource,
  metrics: Metrics,
  attributes: Entity['attributes'] = {},
  procRoot: string | undefined = root,
) {
  const people = new People();
  const store = createSeriesStore(people);
  const reader = store.view({ identity: ['process.executable.name'] }).reader();
  const definitions = Object.entries(metrics).map(([name, [type]]) => ({ name, type, unit: '1', help: '' }));
  const table = store.define({ probe: 'p', name: 'e', attributes: Object.keys(attributes), metrics: definitions });
  const declared = Object.entries(metrics).map(([name, [type, value]]) => [name, { type, value, unit: '1', help: '' }]);
  const watched: WatchedProcess[] = [];
  const entity = { source, attributes, metrics: Object.fromEntries(declared) };
  const procfs = compileProcfsSource(entity, table, { watched: () => watched, ...(procRoot && { root: procRoot }) });
  const read = async (metric = 0): Promise<Record<string, number>> => {
    await procfs.snapshot();
    return numbers(reader.snapshot(), 'e', metric);
  };
  return { people, procfs, read, watched, table };
}

describe('a procfs source', () => {
  test('counts the totals of lines from its first reading on, and through a reset', async () => {
    const { read } = setUp(
      { procfs: 'vmstat', format: 'lines' },
      { faults: ['counter', 'pgfault'], free: ['gauge', 'MemFree'] },
    );
    write('vmstat', 'nr_free 1\npgfault 100\nMemFree:    7 kB\n');
    expect(await read()).toEqual({ '': 0 });
    write('vmstat', 'pgfault 130\nMemFree: 5 kB\n');
    expect(await read()).toEqual({ '': 30 });
    write('vmstat', 'pgfault 4\nMemFree: 5 kB\n');
    expect(await read()).toEqual({ '': 34 });
    expect(await read(1)).toEqual({ '': 5 });
  });

  test('finds fields by their headers', async () => {
    const { read } = setUp({ procfs: 'net/netstat', format: 'headers' }, { drops: ['counter', 'TcpExt.ListenDrops'] });
    const text = (drops: number) => `TcpExt: Other ListenDrops\nTcpExt: 1 ${drops}\nIpExt: ListenDrops\nIpExt: 9\n`;
    write('net/netstat', text(5));
    await read();
    write('net/netstat', text(8));
    expect(await read()).toEqual({ '': 3 });
  });

  test('makes a row of each line of a table; a new one counts from 0, one that goes keeps its total', async () => {
    const source: ProcfsSource = {
      procfs: 'diskstats',
      format: 'table',
      columns: ['major', 'minor', 'device', 'reads'],
      skip: 1,
    };
    const { read, table } = setUp(source, { reads: ['counter', 'reads'] }, { device: 'device' });
    write('diskstats', 'a heading\n 8 0 sda: 10\n 8 1 sdb 20\n');
    await read();
    write('diskstats', 'a heading\n 8 0 sda: 11\n 8 2 sdc 7\n');
    expect(await read()).toEqual({ 'device=sda': 1, 'device=sdb': 0, 'device=sdc': 7 });
    expect(table.size).toBe(2);
  });

  test('reads named words of a table, and folds lines that have the same labels', async () => {
    const source: ProcfsSource = { procfs: 'pressure/io', format: 'table', columns: ['share'] };
    const { read } = setUp(
      source,
      { stall: ['counter', 'total'] },
      { kind: { from: 'share', values: { some: 'any' } } },
    );
    write('pressure/io', 'some avg10=0.00 total=10\nfull avg10=0.00 total=5\nfull avg10=0.00 total=50\n');
    await read();
    write('pressure/io', 'some avg10=0.00 total=13\nfull avg10=0.00 total=6\nfull avg10=0.00 total=52\n');
    expect(await read()).toEqual({ 'kind=any': 3, 'kind=full': 3 });
  });

  test('reads one file for each watched process', async () => {
    const { people, read, watched } = setUp({ procfs: '{pid}/io', format: 'lines' }, { read: ['counter', 'rchar'] });
    const [old, born] = [people.born('old', 10), people.born('born', 11)];
    write('10/io', 'rchar: 1000\n');
    watched.push({ id: old, pid: 10, start: 1 });
    await read();
    write('10/io', 'rchar: 1007\n');
    write('11/io', 'rchar: 50\n');
    watched.push(
      { id: born, pid: 11, start: Number.MAX_SAFE_INTEGER },
      { id: people.born('gone', 12), pid: 12, start: 1 },
    );
    expect(await read()).toEqual({ 'name=old': 7, 'name=born': 50 });
  });

  test('reads one file for each network namespace that a watched process is in', async () => {
    const { people, read, watched } = setUp(
      { procfs: '{netns}/net/netstat', format: 'headers' },
      { drops: ['counter', 'TcpExt.ListenDrops'] },
      { 'network.namespace': 'netns' },
    );
    const person = (pid: number, drops: number): WatchedProcess => {
      write(`${pid}/net/netstat`, `TcpExt: ListenDrops\nTcpExt: ${drops}\n`);
      return { id: people.born('one', pid), pid, start: 1 };
    };
    const netns = (pid: number): number => statSync(join(root, `${pid}/ns/net`)).ino;
    write('10/ns/net', '');
    mkdirSync(join(root, '11/ns'), { recursive: true });
    linkSync(join(root, '10/ns/net'), join(root, '11/ns/net'));
    watched.push(person(10, 5), person(11, 5));
    expect(await read()).toEqual({ [`namespace=${netns(10)}`]: 0 });
    write('12/ns/net', '');
    watched.push(person(12, 3), { id: people.born('gone', 13), pid: 13, start: 1 });
    person(10, 8);
    expect(await read()).toEqual({ [`namespace=${netns(10)}`]: 3, [`namespace=${netns(12)}`]: 3 });
  });

  test('says what is missing, until it is there', async () => {
    const { read, procfs } = setUp(
      { procfs: 'vmstat', format: 'lines' },
      { faults: ['counter', 'pgfault'], oom: ['counter', 'oom_kill'] },
    );
    await read();
    expect(procfs.problems).toMatchObject([
      { code: 'SONDE_PROCFS_UNREADABLE', message: expect.stringContaining('vmstat') },
    ]);
    write('vmstat', 'pgfault 1\n');
    await read();
    expect(procfs.problems.map(({ message }) => message)).toEqual([`${root}/vmstat has no field 'oom_kill'`]);
    write('vmstat', 'pgfault 1\noom_kill 0\n');
    await read();
    expect(procfs.problems).toEqual([]);
  });

  test('reads the files of this machine', async () => {
    const real = setUp(
      { procfs: 'vmstat', format: 'lines' },
      { faults: ['counter', 'pgfault'], free: ['gauge', 'nr_free_pages'] },
      {},
      '/proc',
    );
    await real.read();
    Buffer.alloc(2 ** 25, 1);
    expect((await real.read())['']).toBeGreaterThan(0);
    expect((await real.read(1))['']).toBeGreaterThan(0);
    const netstat = setUp(
      { procfs: 'net/netstat', format: 'headers' },
      { drops: ['counter', 'TcpExt.ListenDrops'] },
      {},
      '/proc',
    );
    await netstat.read();
    expect([real.procfs.problems, netstat.procfs.problems]).toEqual([[], []]);
  });
});
