// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openIdentity } from '../../src/identity/index.ts';
import type { Identity, IdentityId, ProcessFacts } from '../../src/identity/index.ts';
import { compileSpawn, startReady, stop } from './spawn.ts';

const run = promisify(execFile);
let program: string;
let identity: Identity;
let started: IdentityId[];
/** What the kernel puts before the paths that this process sees: its root folder, empty unless that was changed. */
let rootFolder: string;

beforeAll(() => {
  program = compileSpawn();
  rootFolder = readRootFolder();
});

afterAll(() => rmSync(dirname(program), { recursive: true }));

beforeEach(async () => {
  identity = await openIdentity({ attributes: { 'deployment.environment.name': 'test' } });
  started = [];
  identity.on('started', (id) => started.push(id));
});

afterEach(() => identity.close());

/** The processes of the test program that started since, which `matches`. */
function seen(matches: (process: ProcessFacts) => boolean = () => true): ProcessFacts[] {
  identity.settle();
  return started.map((id) => identity.facts(id)!).filter((facts) => pathHere(facts.executable) === program && matches(facts));
}

/** A path of the kernel's as this process sees it. */
function pathHere(path: string | undefined): string | undefined {
  return path?.startsWith(`${rootFolder}/`) ? path.slice(rootFolder.length) : path;
}

/** From the mount that is this process's root: where it begins in its file system. */
function readRootFolder(): string {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' '));
  const root = mounts.find(([, , , , mountPoint]) => mountPoint === '/')?.[3] ?? '/';
  return root === '/' ? '' : root;
}

describe('processes that live before', () => {
  test('have the parent, executable, command line, user and name that /proc shows', async () => {
    const own = await startReady(program, 'threads', '2');
    onTestFinished(() => stop(own));
    await identity.close();
    identity = await openIdentity();
    let compared = 0;
    for (const id of identity.live()) {
      const facts = identity.facts(id)!;
      const shown = procFacts(facts.pid);
      if (shown === undefined || identity.ended(id)) continue;
      compared++;
      const { parentPid, executable, commandLine, userId, comm, kernelThread } = facts;
      if (kernelThread) shown.facts.comm = shown.facts.comm.slice(0, comm!.length); // /proc adds what a worker works at
      const seenHere = { parentPid, executable: pathHere(executable), userId, comm, kernelThread };
      expect({ pid: facts.pid, ...seenHere }).toEqual({ pid: facts.pid, ...shown.facts });
      if (!commandLine?.includes('***')) expect(commandLine ?? '').toBe(shown.command);
    }
    expect(compared).toBeGreaterThan(5);
    expect([...identity.live()].map((id) => identity.facts(id)!.pid)).toContain(own.pid);
  });

  test('count once however many threads they have', async () => {
    const child = await startReady(program, 'threads', '8');
    expect(seen(({ pid }) => pid === child.pid)).toHaveLength(1);
    expect(seen(({ start }) => start > 0)).toHaveLength(1);
    await stop(child);
  });

  test('are kernel threads too, which have a name and neither executable nor command line', () => {
    const kthreadd = [...identity.live()].find((id) => identity.facts(id)!.pid === 2)!;
    expect(identity.facts(kthreadd)).toMatchObject({ kernelThread: true, comm: 'kthreadd', executable: undefined });
    const labels = identity.labels(kthreadd);
    expect(labels.get('process.title')).toBe('kthreadd');
    expect(labels.has('process.executable.name')).toBe(false);
    expect(labels.has('process.command_line')).toBe(false);
  });
});

describe('a process', () => {
  test('of 5 ms has a name, each of 2,000, and its end is seen', async () => {
    const ended = new Set<IdentityId>();
    identity.on('ended', (id) => ended.add(id));
    await run(program, ['short', '2000']);
    const naps = seen(({ commandLine }) => commandLine?.includes(' nap ') === true);
    const numbers = naps.map(({ commandLine }) => Number(commandLine!.split(' ').at(-1)));
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 2000 }, (_, i) => i));
    expect(naps.every(({ id }) => ended.has(id))).toBe(true);
    expect(naps.every(({ parentPid, comm, userId }) => parentPid! > 0 && comm === 'spawn' && userId === 0)).toBe(true);
    expect(identity.counts().lost).toEqual({ ring_full: 0, copy_fault: 0 });
  });

  test('that forks and never execs has its own identity and the name of its parent', async () => {
    await run(program, ['forks', '200']);
    const children = seen(({ commandLine }) => commandLine === `${program} forks 200`);
    expect(children).toHaveLength(201);
    expect(new Set(children.map(({ pid, start }) => `${pid} ${start}`)).size).toBe(201);
  });

  test('becomes another by exec, with the same pid', async () => {
    await run('/bin/sh', ['-c', `exec ${program} nap exec-me`]);
    const [nap] = seen(({ commandLine }) => commandLine?.endsWith('exec-me') === true);
    const earlier = started.map((id) => identity.facts(id)!).filter(({ pid, id }) => pid === nap!.pid && id !== nap!.id);
    const shell = earlier.find(({ executable }) => pathHere(executable) === realpathSync('/bin/sh'));
    expect(shell).toMatchObject({ start: nap!.start, execId: nap!.execId - 1, ended: true });
    expect(identity.process(nap!.pid, nap!.execId, nap!.start)).toBe(nap!.id);
  });

  test('whose exec is called by another thread than the leader keeps its pid and start', async () => {
    await run(program, ['thread-exec']);
    const [nap] = seen(({ commandLine }) => commandLine?.endsWith('from-thread') === true);
    const caller = seen(({ commandLine }) => commandLine?.endsWith('thread-exec') === true).at(-1)!;
    expect(caller).toMatchObject({ pid: nap!.pid, start: nap!.start, ended: true });
    expect(nap).toMatchObject({ execId: caller.execId + 1, ended: true });
  });

  test('is told from another that gets the same pid', async () => {
    const { stdout } = await run(program, ['reuse']);
    const children = seen(({ pid }) => pid === Number(stdout));
    expect(children).toHaveLength(2);
    expect(children[0]!.start).not.toBe(children[1]!.start);
    expect(children[0]!.id).not.toBe(children[1]!.id);
    expect(children.map(({ ended }) => ended)).toEqual([true, true]);
  });

  test('in a pid namespace of its own shows the pid there', async () => {
    await run('unshare', ['--pid', '--fork', program, 'nap', 'inside']);
    const [inside] = seen(({ commandLine }) => commandLine?.endsWith('inside') === true && !commandLine.includes('unshare'));
    expect(inside!.namespacePid).toBe(1);
    expect(inside!.pid).toBeGreaterThan(1);
  });

  test('that takes another user and name after its start is known by them within three seconds', async () => {
    const child = await startReady(program, 'drop', '65534');
    const [id] = seen(({ pid }) => pid === child.pid).map((facts) => facts.id);
    expect(identity.labels(id!).get('process.owner')).toBe('root');
    const changed: IdentityId[] = [];
    identity.on('changed', (which) => changed.push(which));
    await expect.poll(() => identity.labels(id!).get('process.owner'), { timeout: 3000 }).toBe('nobody');
    expect(identity.labels(id!).get('process.title')).toBe('dropped');
    expect(changed).toContain(id);
    await stop(child);
  });

  test('whose file was deleted keeps its path, when seen to start and when met later', async () => {
    const copy = `${program}-gone`;
    copyFileSync(program, copy);
    const child = await startReady(copy, 'threads', '1');
    unlinkSync(copy);
    identity.settle();
    expect(started.map((id) => pathHere(identity.facts(id)!.executable))).toContain(copy);
    await identity.close();
    identity = await openIdentity();
    expect([...identity.live()].map((id) => pathHere(identity.facts(id)!.executable))).toContain(copy);
    await stop(child);
  });
});

describe('labels', () => {
  test('are those of OpenTelemetry, with the node', async () => {
    const child = await startReady(program, 'threads', '1', '--password=hunter2');
    const [facts] = seen(({ pid }) => pid === child.pid);
    const labels = Object.fromEntries(identity.labels(facts!.id));
    expect(labels).toMatchObject({
      'process.pid': child.pid,
      'process.executable.name': basename(program),
      'process.executable.path': rootFolder + program,
      'process.command': program,
      'process.command_line': `${program} threads 1 --password=***`,
      'process.parent_pid': process.pid,
      'process.title': 'spawn',
      'process.vpid': child.pid,
      'process.user.id': 0,
      'process.owner': 'root',
      'host.name': readFileSync('/proc/sys/kernel/hostname', 'utf8').trim(),
      'os.type': 'linux',
      'deployment.environment.name': 'test',
    });
    const born = Date.parse(labels['process.creation.time'] as string);
    expect(Math.abs(born - Date.now())).toBeLessThan(5000);
    expect(identity.labels(facts!.id)).toBe(identity.labels(facts!.id));
    await stop(child);
  });

  test('of a key that no process has are only the key and the node', () => {
    const id = identity.process(4_000_000, 3, 12_345);
    expect([...identity.labels(id).keys()].filter((name) => name.startsWith('process.'))).toEqual([
      'process.pid',
      'process.creation.time',
    ]);
    expect(identity.process(4_000_000, 3, 12_345)).toBe(id);
    expect(identity.process(0, 0, 0)).toBe(0);
    expect(identity.labels(0).has('process.pid')).toBe(false);
  });

  test('of a facet join those of the process, and follow when it learns more', async () => {
    const child = await startReady(program, 'threads', '1');
    const [facts] = seen(({ pid }) => pid === child.pid);
    let pod = 'a';
    identity.addFacet({
      name: 'pods',
      label: (process, add) => {
        if (process.pid === child.pid) add('k8s.pod.name', pod);
      },
    });
    expect(identity.labels(facts!.id).get('k8s.pod.name')).toBe('a');
    pod = 'b';
    const changed: IdentityId[] = [];
    identity.on('changed', (id) => changed.push(id));
    identity.relabel([facts!.id]);
    expect(changed).toEqual([facts!.id]);
    expect(identity.labels(facts!.id).get('k8s.pod.name')).toBe('b');
    await stop(child);
  });
});

describe('cgroups', () => {
  const root = existsSync('/sys/fs/cgroup/unified') ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup';
  const folder = `${root}/sonde-identity-${process.pid}.slice`;
  const unit = `${folder}/web.service`;

  afterAll(() => {
    for (const path of [unit, folder]) if (existsSync(path)) rmdirSync(path);
  });

  test('are known when made and removed, and name the unit of those inside, also without an exec', async () => {
    const made: string[] = [];
    const removed: string[] = [];
    identity.on('cgroupCreated', (_, path) => made.push(path));
    identity.on('cgroupRemoved', (_, path) => removed.push(path));
    mkdirSync(folder);
    mkdirSync(unit);
    const child = await startReady(program, 'threads', '1');
    const [facts] = seen(({ pid }) => pid === child.pid);
    expect(identity.labels(facts!.id).get('systemd.unit')).toBeUndefined();
    writeFileSync(`${unit}/cgroup.procs`, String(child.pid));
    identity.settle();
    expect(identity.labels(facts!.id).get('systemd.unit')).toBe('web.service');
    expect(identity.labels(facts!.id).get('process.linux.cgroup')).toBe(unit.slice(root.length));
    await stop(child);
    rmdirSync(unit);
    rmdirSync(folder);
    identity.settle();
    expect(made).toEqual(expect.arrayContaining([folder.slice(root.length), unit.slice(root.length)]));
    expect(removed).toEqual(expect.arrayContaining([folder.slice(root.length), unit.slice(root.length)]));
    expect(identity.labels(facts!.id).get('systemd.unit')).toBe('web.service');
  });
});

describe('the room', () => {
  test('refuses to start in another pid namespace and names the remedy', async () => {
    const script = `
      const { openIdentity } = await import(${JSON.stringify(new URL('../../src/identity/index.ts', import.meta.url).href)});
      await openIdentity().catch((error) => console.log(error.code, error.hint));`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    const { stdout } = await run('unshare', ['--pid', '--fork', '--mount-proc', ...node]);
    expect(stdout).toMatch(/^SONDE_IDENTITY_PID_NAMESPACE .*hostPID/);
  });

  test('counts the records that were lost, and then knows again who lives', async () => {
    const child = spawn('/bin/sh', ['-c', `${program} short 8000; exec ${program} threads 1`], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ready = once(child.stdout, 'data');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5000); // nobody reads the ring
    identity.settle();
    await ready;
    const alive = () => [...identity.live()].map((id) => identity.facts(id)!);
    await expect.poll(() => identity.counts().walks, { timeout: 10_000 }).toBeGreaterThan(1);
    expect(identity.counts().lost['ring_full']).toBeGreaterThan(0);
    await expect
      .poll(() => alive().find(({ pid }) => pid === child.pid)?.commandLine, { timeout: 3000 })
      .toBe(`${program} threads 1`);
    identity.settle();
    expect(alive().filter(({ executable, pid }) => pathHere(executable) === program && pid !== child.pid)).toEqual([]);
    child.stdin.end();
    await once(child, 'exit');
  });

  test('keeps an ended process while somebody holds it', async () => {
    await run(program, ['nap', 'held']);
    const [nap] = seen(({ commandLine }) => commandLine?.endsWith('held') === true);
    identity.retain(nap!.id);
    expect(identity.ended(nap!.id)).toBe(true);
    expect(identity.labels(nap!.id).get('process.executable.path')).toBe(rootFolder + program);
    identity.release(nap!.id);
    expect(identity.facts(nap!.id)).toBeDefined();
  });

  test.each([
    { interval: 10_000, kept: 60_000 },
    { interval: 120_000, kept: 360_000 },
  ])('keeps an ended process for $kept ms where snapshots are $interval ms apart', async ({ interval, kept }) => {
    const realNow = performance.now.bind(performance);
    let ahead = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => realNow() + ahead);
    onTestFinished(() => void vi.restoreAllMocks());
    const other = await openIdentity({ interval });
    onTestFinished(() => other.close());
    const freed: IdentityId[] = [];
    let nap = 0;
    other.on('freed', (id) => freed.push(id));
    other.on('started', (id) => (other.facts(id)!.commandLine?.endsWith('nap kept') ? (nap = id) : undefined));
    await run(program, ['nap', 'kept']);
    other.settle();
    expect(other.ended(nap)).toBe(true);
    ahead = kept - 10_000;
    await sleep(1500);
    expect(other.facts(nap)).toBeDefined();
    ahead = kept + 1000;
    await sleep(1500);
    expect(freed).toContain(nap);
  });

  test('leaves no program, map or link in the kernel', async () => {
    const other = await openIdentity();
    await other.close();
    await identity.close();
    await sleep(200);
    const fds = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return '';
      }
    });
    expect(fds.filter((target) => /bpf-(prog|map)|bpf_link|bpf_iter/.test(target))).toEqual([]);
    identity = await openIdentity();
  });
});

/** What /proc shows of a process; undefined where it is gone, or may not be read. */
function procFacts(pid: number) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kernelThread = /^Kthread:\t1/m.test(status) || readFileSync(`/proc/${pid}/maps`, 'utf8') === '';
    const executable = kernelThread ? undefined : readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
    const field = (name: string) => new RegExp(`^${name}:\\t(.*)$`, 'm').exec(status)![1]!;
    const bytes = readFileSync(`/proc/${pid}/cmdline`).subarray(0, 256);
    return {
      command: bytes.toString('utf8').replace(/\0+$/, '').replaceAll('\0', ' '),
      facts: {
        parentPid: Number(field('PPid')),
        executable,
        userId: Number(field('Uid').split('\t')[1]),
        comm: field('Name'),
        kernelThread,
      },
    };
  } catch {
    return undefined;
  }
}

