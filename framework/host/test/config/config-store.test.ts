// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigStore } from '../../src/config/config-store.ts';
import type { ProbeChange } from '../../src/config/types.ts';
import { MemoryProbes } from '../control/memory-probes.ts';

let folder: string;
let file: string;
let probes: MemoryProbes;
const open: ConfigStore[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sonde-config-'));
  file = join(folder, 'sonde.yaml');
  probes = new MemoryProbes();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.stop()));
  await rm(folder, { recursive: true });
});

/** Writes the file as editors do: beside it first, then in its place. */
async function write(...lines: string[]): Promise<void> {
  await writeFile(`${file}~`, ['apiVersion: sonde/v1', 'state: state', ...lines].join('\n'));
  await rename(`${file}~`, file);
}

async function start(): Promise<ConfigStore> {
  const store = await ConfigStore.open(file);
  open.push(store);
  await store.start(probes);
  return store;
}

/** A host that starts again with the same file and state. */
async function restart(store: ConfigStore): Promise<ConfigStore> {
  await store.stop();
  probes = new MemoryProbes();
  return start();
}

describe('the overlay', () => {
  it('wins field by field, and the rest comes from the file', async () => {
    await write('probes: { fsync: { collectors: { calls: true, bytes: true }, params: { slow: 1ms } } }');
    const store = await start();
    await store.lay('fsync', { collectors: { calls: false } });
    await store.lay('fsync', { params: { slow: '2ms' } });
    expect(probes.desired).toEqual({ fsync: { collectors: { calls: false, bytes: true }, params: { slow: '2ms' } } });
    expect(store.effective().get('fsync')?.origins).toEqual({
      '/collectors/calls': 'overlay',
      '/collectors/bytes': 'file',
      '/params/slow': 'overlay',
    });
  });

  it.each<[string, ProbeChange]>([
    ['enabled', { enabled: false }],
    ['targets', { targets: { include: [{ pid: [12] }] } }],
    ['params', { params: { slow: '3ms' } }],
  ])('holds %s over a restart until it is lifted', async (field, change) => {
    await write('probes: { fsync: {} }');
    let store = await start();
    await store.lay('fsync', change);
    store = await restart(store);
    expect(probes.desired['fsync']).toEqual(change);
    await store.lift('fsync');
    expect(probes.desired['fsync']).toEqual({});
    store = await restart(store);
    expect(store.overlay('fsync')).toEqual({});
    expect(Object.keys(probes.desired['fsync'] ?? {})).not.toContain(field);
  });

  it('lets go of a field that the file changes, and of no other', async () => {
    await write('probes: { fsync: { enabled: true, params: { slow: 1ms } } }');
    const store = await start();
    await store.lay('fsync', { enabled: false, params: { slow: '9ms' } });
    const released = vi.fn();
    store.on('released', released);
    await write('probes: { fsync: { enabled: true, params: { slow: 2ms } } }');
    await store.reload();
    expect(probes.desired['fsync']).toEqual({ enabled: false, params: { slow: '2ms' } });
    expect(released).toHaveBeenCalledWith([{ probe: 'fsync', pointer: '/params/slow' }]);
  });

  it('lets go also of what the file changed while the host was down', async () => {
    await write('probes: { fsync: { enabled: true } }');
    const store = await start();
    await store.lay('fsync', { enabled: false });
    await store.stop();
    await write('probes: { fsync: {} }');
    await restart(store);
    expect(probes.desired['fsync']).toEqual({});
  });

  it('is lifted by single fields', async () => {
    await write('probes: { fsync: {} }');
    const store = await start();
    await store.lay('fsync', { enabled: false, params: { slow: '9ms' } });
    await store.lift('fsync', ['/enabled']);
    expect(probes.desired['fsync']).toEqual({ params: { slow: '9ms' } });
    await expect(store.lift('fsync', ['/enabled'])).rejects.toMatchObject({
      code: 'SONDE_OVERLAY_FIELD_UNKNOWN',
      hint: "It has '/params/slow'.",
    });
  });

  it('brings a probe that the file does not name, and takes it away', async () => {
    await write();
    const store = await start();
    await store.lay('fsync', { package: '/opt/fsync', enabled: true });
    expect(probes.desired).toEqual({ fsync: { package: '/opt/fsync', enabled: true } });
    await store.lift('fsync');
    expect(probes.desired).toEqual({});
  });

  it('does not move the package of a probe that the file names', async () => {
    await write('probes: { fsync: { package: ./fsync } }');
    const store = await start();
    await expect(store.lay('fsync', { package: '/tmp/evil' })).rejects.toMatchObject({ code: 'SONDE_OVERLAY_PACKAGE' });
  });

  it('refuses what the manifest does not know, and changes nothing', async () => {
    await write('probes: { fsync: {} }');
    const store = await start();
    await expect(store.lay('fsync', { collectors: { cals: true } })).rejects.toMatchObject({
      code: 'SONDE_COLLECTOR_UNKNOWN',
    });
    expect([store.overlay('fsync'), probes.reconciled]).toEqual([{}, 1]);
  });

  it('stops a probe even if the file wants something of it that is wrong', async () => {
    await write('probes: { fsync: { collectors: { cals: true } } }');
    const store = await start();
    await store.lay('fsync', { enabled: false });
    expect(probes.desired['fsync']?.enabled).toBe(false);
  });

  it.each(['fsnc', 'constructor'])('does not know a probe %s that is nowhere', async (name) => {
    await write('probes: { fsync: {} }');
    const store = await start();
    for (const enabled of [true, false]) {
      await expect(store.lay(name, { enabled })).rejects.toMatchObject({ code: 'SONDE_PROBE_UNKNOWN' });
    }
  });

  it('is refused at start if its file is broken, so that nothing starts which an operator had stopped', async () => {
    await write();
    const store = await start();
    await store.lay('fsync', { package: '/opt/fsync' });
    await store.stop();
    await writeFile(join(folder, 'state/overlay.json'), '{"version": 1, "pro');
    await expect(ConfigStore.open(file)).rejects.toMatchObject({
      code: 'SONDE_OVERLAY_CORRUPT',
      place: { file: join(folder, 'state/overlay.json') },
    });
  });

  it('is not changed if it cannot be kept', async () => {
    await write('probes: { fsync: {} }');
    const store = await start();
    await writeFile(join(folder, 'state'), 'a file where a folder should be');
    await expect(store.lay('fsync', { enabled: false })).rejects.toMatchObject({ code: 'SONDE_STATE_UNWRITABLE' });
    expect(probes.desired['fsync']).toEqual({});
  });

  it('takes changes that come while the host starts once it has started', async () => {
    await write('probes: { fsync: {} }');
    const store = await ConfigStore.open(file);
    open.push(store);
    const early = store.lay('fsync', { collectors: { cals: true } });
    const refused = expect(early).rejects.toMatchObject({ code: 'SONDE_COLLECTOR_UNKNOWN' });
    await store.start(probes);
    await refused;
    expect(store.overlay('fsync')).toEqual({});
  });

  it('refuses changes of a host that stops before it has started', async () => {
    await write('probes: { fsync: {} }');
    const store = await ConfigStore.open(file);
    const refused = expect(store.lay('fsync', { enabled: false })).rejects.toMatchObject({ code: 'SONDE_STOPPING' });
    await store.stop();
    await refused;
    expect(store.overlay('fsync')).toEqual({});
  });

  it('refuses changes from the moment in which it stops', async () => {
    await write('probes: { fsync: {} }');
    const store = await start();
    const before = store.lay('fsync', { enabled: false });
    const stopped = store.stop();
    const refused = [before, store.lay('fsync', { enabled: true }), store.restart('fsync')];
    for (const change of refused) await expect(change).rejects.toMatchObject({ code: 'SONDE_STOPPING' });
    await store.reload();
    await stopped;
    expect([probes.reconciled, probes.restarts]).toEqual([1, 0]);
  });

  it('is kept in a file that only root reads', async () => {
    await write('probes: { fsync: {} }');
    await (await start()).lay('fsync', { enabled: false });
    const overlay = join(folder, 'state/overlay.json');
    expect((await stat(overlay)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(overlay, 'utf8'))).toEqual({
      version: 1,
      probes: { fsync: { '/enabled': { value: false } } },
    });
  });
});

describe('the file', () => {
  it('is taken over when an editor replaces it', async () => {
    await write('probes: {}');
    const store = await start();
    const changed = vi.fn();
    store.on('changed', changed);
    await write('probes: { fsync: {} }');
    await vi.waitFor(() => expect(probes.desired).toEqual({ fsync: {} }), { timeout: 3000 });
    expect(changed).toHaveBeenCalledOnce();
  });

  it('never replaces a good one if it is bad, and is taken once it is mended', async () => {
    await write('probes: { fsync: {} }');
    const store = await start();
    const rejected = vi.fn();
    store.on('rejected', rejected);
    await write('probes: { fsync: { enable: false } }');
    await store.reload();
    expect(rejected).toHaveBeenCalledOnce();
    expect(store.rejected).toMatchObject({ code: 'SONDE_INPUT_UNKNOWN_KEY', place: { file, line: 3, column: 20 } });
    expect([probes.desired, probes.reconciled]).toEqual([{ fsync: {} }, 1]);
    await write('probes: { fsync: { enabled: false } }');
    await store.reload();
    expect([probes.desired, store.rejected]).toEqual([{ fsync: { enabled: false } }, undefined]);
  });

  it('is bad also if a manifest does not know what it wants, at the place in the file', async () => {
    await write('probes: { fsync: {} }');
    const store = await start();
    await write('probes:', '  fsync:', '    collectors:', '      cals: true');
    await store.reload();
    expect(store.rejected).toMatchObject({ code: 'SONDE_COLLECTOR_UNKNOWN', place: { file, line: 6, column: 13 } });
  });

  it('stays in effect when it is removed', async () => {
    await write('probes: { fsync: {} }');
    const store = await start();
    await rm(file);
    await store.reload();
    expect(store.rejected?.code).toBe('SONDE_FILE_UNREADABLE');
    expect(probes.desired).toEqual({ fsync: {} });
  });
});
