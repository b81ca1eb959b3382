// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readlinkSync, rmdirSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Identity, openIdentity } from '../../src/identity/index.ts';
import { openTargets, type Targets } from '../../src/targets/index.ts';
import { buildRename, removeRename, Renamer, RenameProbe, rename } from './rename-probe.ts';

const run = promisify(execFile);
/** The time a rule has to hold for a new process, and then some: the machine is shared. */
const HEARD = 150;

let identity: Identity;
let targets: Targets;
let probe: RenameProbe;
const renamers: Renamer[] = [];

function isOpenToOthers(folder: string): boolean {
  return (statSync(folder).mode & 0o001) !== 0;
}

beforeAll(buildRename);
afterAll(removeRename);

beforeEach(async () => {
  identity = await openIdentity();
  targets = await openTargets(identity);
  probe = await RenameProbe.start('renames', targets);
});

afterEach(async () => {
  await Promise.all(renamers.splice(0).map((renamer) => renamer.stop()));
  await probe.close();
  await targets.close();
  await identity.close();
});

async function renamer(...args: Parameters<typeof Renamer.start>): Promise<Renamer> {
  const started = await Renamer.start(...args);
  renamers.push(started);
  identity.settle();
  return started;
}

describe('a probe', () => {
  test('without rules counts every process', async () => {
    const [one, two] = [await renamer(), await renamer()];
    await one.rename(10);
    await two.rename(20);
    const counts = await probe.counts();
    expect([counts.get(one.pid), counts.get(two.pid)]).toEqual([10, 20]);
    expect(await targets.apply('renames', {})).toEqual({ mode: 0 });
    expect([...targets.watched('renames')]).toContain(identityOf(one.pid));
  });

  test('with a pid counts that process alone, and no program is loaded again', async () => {
    const programs = probe.programIds;
    const [one, two] = [await renamer(), await renamer()];
    await targets.apply('renames', { include: [{ pid: [two.pid] }] });
    await one.rename(10);
    await two.rename(20);
    expect(await probe.counts()).toEqual(new Map([[two.pid, 20]]));
    expect([...targets.watched('renames')]).toEqual([identityOf(two.pid)]);
    expect(probe.programIds).toEqual(programs);
  });

  test('counts all of a process that stays included, whatever changes beside it', async () => {
    const [one, two] = [await renamer(), await renamer()];
    let changing = true;
    const load = (async () => {
      let times = 0;
      for (; changing; times += 1000) await one.rename(1000);
      return times;
    })();
    const rules = [
      { include: [{ pid: [one.pid] }] },
      { include: [{ pid: [one.pid, two.pid] }] },
      { include: [{ executable: ['rename'] }], exclude: [{ pid: [two.pid] }] },
      { exclude: [{ pid: [two.pid] }] },
      {},
    ];
    for (let change = 0; change < 20; change++) await targets.apply('renames', rules[change % rules.length]!);
    changing = false;
    expect((await probe.counts()).get(one.pid)).toBe(await load);
  });

  test('counts processes of an executable, those to come within 100 ms', async () => {
    const other = `${rename}-other`;
    copyFileSync(rename, other);
    await targets.apply('renames', { include: [{ executable: ['rename-oth*'] }] });
    const [one, two] = [await renamer(other), await renamer()];
    await sleep(HEARD);
    await one.rename(10);
    await two.rename(20);
    expect(await probe.counts()).toEqual(new Map([[one.pid, 10]]));
  });

  test('does not count a process that was of an executable and called exec for another', async () => {
    await targets.apply('renames', { include: [{ executable: ['sh', 'dash'] }] });
    const one = await renamer('/bin/sh', { args: ['-c', `exec ${rename}`] });
    await sleep(HEARD);
    await one.rename(7);
    expect(await probe.total()).toBe(0);
    expect(targets.matches('renames').map(({ process }) => process)).not.toContain(identityOf(one.pid));
  });

  // where the root folder is closed to others, nobody can run the program
  test.skipIf(!isOpenToOthers('/'))('asks all selectors of a rule and any of the rules', async () => {
    const [root, nobody] = [await renamer(), await renamer(rename, { uid: 65_534 })];
    await targets.apply('renames', { include: [{ executable: ['rename'], user: ['nobody'] }] });
    await root.rename(1);
    await nobody.rename(2);
    expect(await probe.counts()).toEqual(new Map([[nobody.pid, 2]]));
    await targets.apply('renames', { include: [{ user: ['nobody'], pid: [root.pid] }, { command: [`/^\\S*rename$/`], user: [0] }] });
    await root.rename(4);
    await nobody.rename(8);
    expect(await probe.counts()).toEqual(new Map([[nobody.pid, 2], [root.pid, 4]]));
  });

  test('does not count what is excluded, though included', async () => {
    const [one, two] = [await renamer(), await renamer()];
    await targets.apply('renames', { include: [{ executable: ['rename'] }], exclude: [{ pid: [one.pid] }] });
    await one.rename(10);
    await two.rename(20);
    expect(await probe.counts()).toEqual(new Map([[two.pid, 20]]));
  });
});

describe('children', () => {
  test('are counted from their first instruction if the rule says so', async () => {
    const shell = await startShell();
    await targets.apply('renames', { include: [{ pid: [shell.pid], children: true }] });
    await shell.run(`${rename} children 40 25`);
    expect(await probe.total()).toBe(1000);
    await sleep(HEARD);
    await shell.run(`${rename} 11`);
    expect(await probe.total()).toBe(1011);
    await shell.stop();
  });

  test('that lived before the rule are counted too', async () => {
    const shell = await startShell();
    await shell.run(`(sleep 0.3; ${rename} 9) &`);
    identity.settle();
    await targets.apply('renames', { include: [{ pid: [shell.pid], children: true }] });
    expect(targets.matches('renames').filter(({ inherited }) => inherited === true).length).toBeGreaterThan(0);
    await shell.run('wait');
    expect(await probe.total()).toBe(9);
    await shell.stop();
  });

  test('are not counted otherwise', async () => {
    const shell = await startShell();
    await targets.apply('renames', { include: [{ pid: [shell.pid] }] });
    await shell.run(`${rename} 11`);
    expect(await probe.total()).toBe(0);
    await shell.stop();
  });
});

describe('cgroups', () => {
  const root = existsSync('/sys/fs/cgroup/unified') ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup';
  const slice = `/sonde-targets-${process.pid}.slice`;
  const paths = [slice, `${slice}/web.service`, `${slice}/web.service/inner`, `${slice}/db.service`];
  const inCgroup = (path: string, command: string) => `echo $$ > ${root}${path}/cgroup.procs; exec ${command}`;

  beforeEach(() => {
    for (const path of paths) mkdirSync(root + path);
    identity.settle();
  });

  afterEach(async () => {
    for (const path of paths.toReversed()) if (existsSync(root + path)) rmdirSync(root + path);
  });

  test('are counted from the first instruction, with all below', async () => {
    await targets.apply('renames', { include: [{ cgroup: [`${slice}/web.service`] }] });
    await run('/bin/sh', ['-c', inCgroup(paths[1]!, `${rename} 10`)]);
    await run('/bin/sh', ['-c', inCgroup(paths[2]!, `${rename} 20`)]);
    await run('/bin/sh', ['-c', inCgroup(paths[3]!, `${rename} 40`)]);
    await run(rename, ['80']);
    expect(await probe.total()).toBe(30);
    expect(targets.matches('renames')).toMatchObject([{ decision: 'include', rule: 0, cgroup: { path: paths[1] } }]);
  });

  test('are found by systemd unit, and with another selector by process', async () => {
    await targets.apply('renames', { include: [{ unit: ['db.*'] }, { cgroup: [slice], command: ['*rename 5'] }] });
    await run('/bin/sh', ['-c', inCgroup(paths[3]!, `${rename} 40`)]);
    await run('/bin/sh', ['-c', inCgroup(paths[1]!, `${rename} 10`)]);
    expect(await probe.total()).toBe(40);
    expect(targets.preview({ include: [{ unit: ['web.service'] }] }).map(({ cgroup }) => cgroup?.path)).toEqual(paths.slice(1, 3));
  });

  test('made after the rule are counted', async () => {
    await targets.apply('renames', { include: [{ cgroup: [`${slice}/late*`] }] });
    const late = `${slice}/late-one`;
    mkdirSync(root + late);
    await sleep(HEARD);
    await run('/bin/sh', ['-c', inCgroup(late, `${rename} 10`)]);
    rmdirSync(root + late);
    expect(await probe.total()).toBe(10);
    identity.settle();
    expect(targets.counts().entries).toBe(0);
  });
});

describe('the map', () => {
  test('gives up the entries of processes that ended', async () => {
    const one = await Renamer.start();
    identity.settle();
    await targets.apply('renames', { include: [{ pid: [one.pid] }, { executable: ['rename'] }] });
    expect(targets.counts().entries).toBe(1);
    await one.stop();
    await sleep(1300);
    expect(targets.counts().entries).toBe(0);
    expect((await targets.map.entries()).count).toBe(0);
  });

  test('gives up those of a probe that is released, whose bit is then free', async () => {
    const one = await renamer();
    const other = targets.bitFor('other');
    await targets.apply('other', { include: [{ pid: [one.pid] }] });
    await targets.apply('renames', { include: [{ pid: [one.pid] }] });
    await targets.release('other');
    expect(targets.counts().entries).toBe(1);
    expect(targets.bitFor('another')).toBe(other);
    await one.rename(3);
    expect(await probe.total()).toBe(3);
  });

  test('counts the matches for which it has no room, and takes them in when there is', async () => {
    const { maxEntries } = targets.counts();
    expect(maxEntries).toBe(100_000);
    const keys = new BigUint64Array(maxEntries * 2);
    for (let i = 0; i < maxEntries; i++) keys[i * 2] = BigInt(10_000_000 + i);
    await targets.map.updateBatch(new Uint8Array(keys.buffer), new Uint8Array(maxEntries * 16), maxEntries);
    const one = await renamer();
    await targets.apply('renames', { include: [{ pid: [one.pid] }] });
    expect(targets.counts()).toMatchObject({ entries: 0, overflow: 1 });
    const other = await renamer();
    targets.map.delete(new Uint8Array(keys.buffer, 0, 16));
    await targets.apply('renames', { include: [{ pid: [one.pid, other.pid] }] });
    expect(targets.counts()).toMatchObject({ entries: 1, overflow: 1 });
    await targets.apply('renames', { include: [{ pid: [one.pid] }] });
    await Promise.all([one.rename(5), other.rename(7)]);
    expect(await probe.counts()).toEqual(new Map([[one.pid, 5]]));
  });

  test('has room for 64 probes', () => {
    const bits = Array.from({ length: 63 }, (_, i) => targets.bitFor(`probe-${i}`));
    expect(new Set([...bits, targets.bitFor('renames')]).size).toBe(64);
    expect(() => targets.bitFor('one-too-many')).toThrow(expect.objectContaining({ code: 'SONDE_TARGET_PROBES' }));
  });
});

describe('rules', () => {
  test('that are wrong leave those before in force, and say where', async () => {
    const one = await renamer();
    await targets.apply('renames', { include: [{ pid: [one.pid] }] });
    const apply = async () => targets.apply('renames', { include: [{}, { executable: ['a', '/(/'] }] });
    await expect(apply).rejects.toMatchObject({ code: 'SONDE_TARGET_PATTERN', place: { pointer: '/include/1/executable/1' } });
    expect(targets.matches('renames')).toHaveLength(1);
    const unknown = { include: [{ color: ['red'] }] } as never;
    expect(() => targets.preview(unknown)).toThrow(expect.objectContaining({ code: 'SONDE_TARGET_SELECTOR' }));
  });

  test('tried out beforehand say whom they would match and change nothing', async () => {
    const one = await renamer();
    const found = targets.preview({ include: [{ pid: [1, 2] }, { pid: [one.pid] }] });
    expect(found).toContainEqual({ decision: 'include', rule: 1, process: identityOf(one.pid) });
    expect(targets.counts().entries).toBe(0);
  });

  test('may use selectors that another room adds', async () => {
    const [one, two] = [await renamer(), await renamer()];
    identity.addFacet({
      name: 'colors',
      label: ({ pid }, add) => {
        if (pid === one.pid) add('color', 'red');
      },
    });
    targets.addSelector({ name: 'color', compile: ([color]) => (_, labels) => labels().get('color') === color });
    await targets.apply('renames', { include: [{ color: ['red'] }] } as never);
    await one.rename(1);
    await two.rename(2);
    expect(await probe.counts()).toEqual(new Map([[one.pid, 1]]));
  });
});

test('nothing is left in the kernel', async () => {
  await probe.close();
  await targets.close();
  await identity.close();
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  expect(links.filter((target) => /bpf-(prog|map)|bpf_link/.test(target))).toEqual([]);
});

function identityOf(pid: number): number {
  return [...identity.live()].find((id) => identity.facts(id)!.pid === pid)!;
}

/** A shell that runs lines and answers when each is done. */
async function startShell() {
  const shell = spawn('/bin/sh', [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const runLine = async (line: string) => {
    shell.stdin.write(`${line}\necho done\n`);
    await once(shell.stdout, 'data');
  };
  await runLine(':');
  identity.settle();
  return {
    pid: shell.pid!,
    run: runLine,
    stop: async () => {
      shell.stdin.end();
      await once(shell, 'exit');
    },
  };
}
