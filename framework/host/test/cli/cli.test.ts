// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlRoom } from '../control/control-room.ts';
import { runSonde, type Outcome } from './run-sonde.ts';

const commands = ['run', 'ps', 'show', 'start', 'stop', 'restart', 'set', 'unset', 'check', 'doctor', 'metrics'];
let room: ControlRoom;

beforeEach(async () => {
  room = await ControlRoom.open();
});

afterEach(() => room.close());

/** Runs a command against the host of the room. */
function sonde(...args: string[]): Promise<Outcome> {
  return runSonde(...args, '--socket', room.socket);
}

describe('sonde --help', () => {
  it('names every command', async () => {
    const { exit, out } = await runSonde('--help');
    expect(exit).toBe(0);
    for (const command of commands) expect(out).toMatch(new RegExp(`^ {2}${command} `, 'm'));
  });

  it.each(commands)('of %s shows usage, options and examples, in lines that fit', async (command) => {
    const { exit, out } = await runSonde(command, '--help');
    expect(exit).toBe(0);
    for (const part of [`  sonde ${command}`, 'Options', '--json', 'Examples']) expect(out).toContain(part);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(130);
  });
});

describe('sonde ps', () => {
  it('lists the probes in aligned columns, without colours where nobody looks', async () => {
    const { exit, out } = await sonde('ps');
    expect(exit).toBe(0);
    const [head, row] = out.split('\n') as [string, string];
    expect(head).toMatch(/^PROBE +STATE +SINCE +FROM +PROGRAMS +SERIES +CPU +LOST +PACKAGE$/);
    expect(row).toMatch(/^fsync +running +\d+ d +default +1\/2 +12 +- +0 +\/.*fsync 1\.2\.3$/);
    expect(head.indexOf('STATE')).toBe(row.indexOf('running'));
  });

  it('prints JSON', async () => {
    const { out } = await sonde('ps', '--json');
    expect(JSON.parse(out)).toMatchObject({ config: { current: true }, probes: [expect.objectContaining({ name: 'fsync', state: 'running' })] });
  });
});

describe('sonde ps, where sonde.yaml has changed', () => {
  it('says what takes a restart, or why the file was put aside', async () => {
    const { file } = room.store.config;
    const before = await readFile(file, 'utf8');
    await writeFile(file, before.replace('no-such-group', 'another-group'));
    await room.store.reload();
    expect((await sonde('ps')).out).toContain(`${file}: restart the host for '/control'`);
    await writeFile(file, 'apiVersion: sonde/v1\nprobs: {}');
    await room.store.reload();
    expect((await sonde('ps')).out).toMatch(/was put aside[^]*sonde\.yaml:2:1.*unknown key 'probs' \[SONDE_INPUT_UNKNOWN_KEY\]/);
  });
});

describe('sonde show', () => {
  it('shows settings with their origins, programs with reasons, and maps', async () => {
    await sonde('set', 'fsync', 'params.slow=2ms');
    const { out } = await sonde('show', 'fsync');
    expect(out).toMatch(/^params\.slow +2ms +overlay$/m);
    expect(out).toMatch(/^collectors\.calls +true +default$/m);
    expect(out).toMatch(/^calls\.extra +missing .*the kernel lacks fentry$/m);
    expect(out).toMatch(/^calls +hash +3\/1024 +64\.0 KiB$/m);
  });
});

describe('sonde start, stop, restart', () => {
  it('changes the probe and says what came of it', async () => {
    expect((await sonde('stop', 'fsync')).out).toBe('fsync: stopped\n');
    expect(room.store.overlay('fsync')).toEqual({ '/enabled': { value: false } });
    expect((await sonde('start', 'fsync')).out).toBe('fsync: running, 1/2 programs attached\n');
    expect(JSON.parse((await sonde('restart', 'fsync', '--json')).out)).toEqual({
      probes: [expect.objectContaining({ state: 'running' })],
    });
    expect(room.probes.restarts).toBe(1);
  });

  it('says why, and fails, when there is no such probe', async () => {
    const { exit, out, err } = await sonde('stop', 'fsnc');
    expect([exit, out]).toEqual([3, '']);
    expect(err).toContain('SONDE_PROBE_UNKNOWN');
    expect(err).toContain("'fsync'");
  });
});

describe('sonde set and unset', () => {
  it('changes the fields that are named, with values as in YAML', async () => {
    await sonde('set', 'fsync', 'enabled=false');
    const assignments = ['collectors.calls=false', 'params.slow=2ms', 'targets={ include: [ { pid: [12] } ] }'];
    expect((await sonde('set', 'fsync', ...assignments)).exit).toBe(0);
    expect(room.probes.desired['fsync']).toMatchObject({
      enabled: false,
      collectors: { calls: false },
      params: { slow: '2ms' },
      targets: { include: [{ pid: [12] }] },
    });
  });

  it('takes single fields back, and all of them', async () => {
    await sonde('set', 'fsync', 'enabled=false', 'params.slow=2ms');
    await sonde('unset', 'fsync', 'params.slow');
    expect(Object.keys(room.store.overlay('fsync'))).toEqual(['/enabled']);
    expect((await sonde('unset', 'fsync')).out).toBe('fsync: running, 1/2 programs attached\n');
    expect(room.store.overlay('fsync')).toEqual({});
  });

  it('prints the place and the hint of what the host refuses', async () => {
    const { exit, err } = await sonde('set', 'fsync', 'enabled=maybe', '--json');
    expect(exit).toBe(3);
    expect(JSON.parse(err)).toMatchObject({
      code: 'SONDE_INPUT_TYPE',
      place: { file: '/enabled' },
      hint: expect.any(String),
    });
  });
});

describe('sonde check', () => {
  it('takes a good configuration', async () => {
    const file = join(room.folder, 'good.yaml');
    await writeFile(file, 'apiVersion: sonde/v1\n');
    expect(await runSonde('check', file)).toEqual({ exit: 0, out: `good  ${file}\n`, err: '' });
  });

  it('prints each problem with place and hint', async () => {
    const file = join(room.folder, 'bad.yaml');
    await writeFile(file, 'apiVersion: sonde/v1\nprobs: {}\ninterval: 1\n');
    const { exit, out } = await runSonde('check', file);
    expect(exit).toBe(3);
    expect(out).toContain(
      `${file}:2:1 (/probs): unknown key 'probs' [SONDE_INPUT_UNKNOWN_KEY]\n    Did you mean 'probes'?`,
    );
    expect(out).toContain(`${file}:3:11 (/interval)`);
  });

  it('looks into the packages of the probes', async () => {
    const file = join(room.folder, 'probes.yaml');
    await writeFile(file, 'apiVersion: sonde/v1\nprobes:\n  fsync: { package: ./nowhere }\n');
    const { exit, out } = await runSonde('check', file, '--json');
    expect(exit).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      valid: false,
      problems: [{ code: 'SONDE_PACKAGE_NOT_FOUND', place: { file, line: 3 } }],
    });
  });
});

describe('sonde doctor', () => {
  it('says what it found, with a remedy for all that is not good', async () => {
    const { out } = await sonde('doctor', '--json');
    const findings = JSON.parse(out) as { subject: string; verdict: string; remedy?: string }[];
    expect(findings).toContainEqual(expect.objectContaining({ subject: 'Host', verdict: 'good' }));
    expect(findings).toContainEqual(expect.objectContaining({ subject: 'Kernel types (BTF)', verdict: 'good' }));
    for (const { verdict, remedy } of findings) expect(Boolean(remedy)).toBe(verdict !== 'good');
  });
});

describe('sonde metrics', () => {
  const scrape = [
    '# HELP fsync_calls_total Calls',
    '# TYPE fsync_calls_total counter',
    String.raw`fsync_calls_total{executable="a\"b\\c",node="x"} 12`,
    '# HELP sonde_loss_total Lost',
    '# TYPE sonde_loss_total counter',
    'sonde_loss_total 0',
    '# TYPE ring_fill gauge',
    'ring_fill +Inf',
    '',
  ].join('\n');

  async function withScrape(use: (url: string) => Promise<void>): Promise<void> {
    const server = createServer((_, response) => response.end(scrape)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
    } finally {
      server.close();
    }
  }

  it('prints the families whose name contains a word, as they are', () =>
    withScrape(async (url) => {
      expect((await runSonde('metrics', '--url', url)).out).toBe(scrape);
      expect((await runSonde('metrics', 'sonde.loss', '--url', url)).out).toBe(
        scrape.split('\n').slice(3, 6).join('\n') + '\n',
      );
    }));

  it('prints JSON', () =>
    withScrape(async (url) => {
      const { out } = await runSonde('metrics', '--json', 'fsync', 'fill', '--url', url);
      expect(JSON.parse(out)).toEqual([
        {
          name: 'fsync_calls_total',
          type: 'counter',
          help: 'Calls',
          samples: [{ name: 'fsync_calls_total', labels: { executable: 'a"b\\c', node: 'x' }, value: 12 }],
        },
        { name: 'ring_fill', type: 'gauge', help: '', samples: [{ name: 'ring_fill', labels: {}, value: '+Inf' }] },
      ]);
    }));

  it('says that nothing serves metrics', async () => {
    const { exit, err } = await runSonde('metrics', '--url', 'http://127.0.0.1:1/metrics');
    expect([exit, err.includes('SONDE_METRICS_UNREACHABLE')]).toEqual([5, true]);
  });
});

describe('a wrong command line', () => {
  it.each([
    [['shwo'], "did you mean 'show'?"],
    [['ps', '--jsno'], "did you mean '--json'?"],
    [['show'], '<probe> is missing'],
    [['show', 'a', 'b'], 'one argument too many: b'],
    [['set', 'fsync'], '<field>=<value>… is missing'],
    [['set', 'fsync', 'slow'], 'not of the form <field>=<value>'],
    [['set', 'fsync', 'slow=1'], "'slow' is no field"],
    [['start', 'a', 'b', '--package', 'c'], '--package goes with one probe'],
  ])('%j is explained, with exit code 2', async (args, said) => {
    const { exit, out, err } = await runSonde(...args);
    expect([exit, out]).toEqual([2, '']);
    expect(err).toContain(said);
    expect(err).toContain('SONDE_USAGE');
    expect(err).toContain('--help');
  });

  it('without a host says where it looked, with exit code 5', async () => {
    const { exit, err } = await runSonde('ps', '--socket', '/nowhere/sonde.sock');
    expect(exit).toBe(5);
    expect(err).toContain('/nowhere/sonde.sock');
    expect(err).toContain('SONDE_HOST_UNREACHABLE');
  });
});
