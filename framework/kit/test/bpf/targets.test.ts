// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openObject, type BpfObject } from '@sonde/native';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildFixture, type Fixture } from './build-fixture.ts';

/** As in `sonde/target.h`. */
const mode = { all: 0, selected: 1, excludes: 2, cgroups: 4 };
const kind = { process: 0, cgroup: 1 };
const cgroupV1 = 2 ** 52;
const probeBit = 5;

const unified = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((mount) => existsSync(join(mount, 'cgroup.controllers')));
const memory = existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes') ? '/sys/fs/cgroup/memory' : undefined;

let fixture: Fixture;
let object: BpfObject;
beforeAll(async () => {
  fixture = await buildFixture('targets.bpf.c');
  object = await openObject(fixture.object);
  object.setGlobal('sonde_probe_bit', 0, Uint8Array.of(probeBit));
  await object.load();
  await object.attach('exec', { kind: 'auto' });
});
afterAll(async () => {
  await object.close();
  await fixture.remove();
});

test('Without rules every process is watched, and its identity is that of /proc', async () => {
  setMode(mode.all);
  const { pid, start, execs } = await execAfter(() => {});
  expect(execs).toMatchObject([{ tgid: pid, count: 1 }]);
  expect(Math.floor((execs[0]?.start ?? 0) / 1e7)).toBe(start);
});

test('An exec makes another process, with the same start', async () => {
  setMode(mode.all);
  const { execs } = await execAfter(() => {}, 'exec sh -c "exec true"');
  const [first, second] = execs;
  expect(second?.exec_id).toBe((first?.exec_id ?? 0) + 1);
  expect(second?.start).toBe(first?.start);
});

test('Of a probe with selectors only what they include is watched', async () => {
  setMode(mode.selected);
  expect((await execAfter(() => {})).execs).toEqual([]);
  const included = await execAfter((pid) => setRule(kind.process, pid, { include: probeBit }));
  expect(included.execs).toHaveLength(1);
  const ofAnother = await execAfter((pid) => setRule(kind.process, pid, { include: probeBit + 1 }));
  expect(ofAnother.execs).toEqual([]);
});

test('An exclusion wins over an inclusion', async () => {
  setMode(mode.selected | mode.excludes);
  const { execs } = await execAfter((pid) => setRule(kind.process, pid, { include: probeBit, exclude: probeBit }));
  expect(execs).toEqual([]);
});

test('What is in a cgroup below a selected one is watched', async () => {
  setMode(mode.selected | mode.cgroups);
  await inCgroup(join(unified!, 'sonde-kit/below'), async (cgroup) => {
    setRule(kind.cgroup, statSync(dirname(cgroup)).ino, { include: probeBit });
    expect((await execAfter(() => {})).execs, 'outside of it').toEqual([]);
    const { execs } = await execAfter((pid) => writeFileSync(join(cgroup, 'cgroup.procs'), String(pid)));
    expect(execs).toMatchObject([{ count: 1, cgroup: statSync(cgroup).ino }]);
  });
});

test.skipIf(!memory)('What is in the root of v2 is told apart by its v1 memory cgroup', async () => {
  setMode(mode.selected | mode.cgroups);
  await inCgroup(join(memory!, 'sonde-kit/below'), async (cgroup) => {
    setRule(kind.cgroup, cgroupV1 + statSync(dirname(cgroup)).ino, { include: probeBit });
    const { execs } = await execAfter((pid) => {
      writeFileSync(join(unified!, 'cgroup.procs'), String(pid));
      writeFileSync(join(cgroup, 'cgroup.procs'), String(pid));
    });
    expect(execs).toMatchObject([{ count: 1, cgroup: cgroupV1 + statSync(cgroup).ino }]);
  });
});

interface Execs {
  tgid: number;
  exec_id: number;
  start: number;
  count: number;
  cgroup: number;
}

/** Starts a process, does something about it, and lets it exec. Answers what was counted of it, in the order of exec ids. */
async function execAfter(prepare: (pid: number) => void, command = 'exec true'): Promise<{ pid: number; start: number; execs: Execs[] }> {
  const child = spawn('sh', ['-c', `echo ready; read go; ${command}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  const pid = child.pid!;
  await once(child.stdout, 'data');
  const start = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')[19]);
  const before = await execsOf(pid);
  prepare(pid);
  child.stdin.end('\n');
  await once(child, 'exit');
  const after = await execsOf(pid);
  return { pid, start, execs: after.slice(before.length) };
}

async function execsOf(pid: number): Promise<Execs[]> {
  const { count, keys, values } = await object.map('execs').entries();
  const key = new DataView(keys.buffer, keys.byteOffset);
  const value = new DataView(values.buffer, values.byteOffset);
  return Array.from({ length: count }, (_, i) => ({
    tgid: key.getUint32(16 * i, true),
    exec_id: key.getUint32(16 * i + 4, true),
    start: Number(key.getBigUint64(16 * i + 8, true)),
    count: Number(value.getBigUint64(16 * i, true)),
    cgroup: Number(value.getBigUint64(16 * i + 8, true)),
  }))
    .filter(({ tgid }) => tgid === pid)
    .sort((one, other) => one.exec_id - other.exec_id);
}

function setMode(flags: number): void {
  object.setGlobal('sonde_target_mode', 0, Uint8Array.of(flags, 0, 0, 0));
}

function setRule(ruleKind: number, id: number, bits: { include?: number; exclude?: number }): void {
  const mask = (bit: number | undefined): bigint => (bit === undefined ? 0n : 1n << BigInt(bit));
  const key = new BigUint64Array([BigInt(id), BigInt(ruleKind)]);
  const value = new BigUint64Array([mask(bits.include), mask(bits.exclude)]);
  object.map('sonde_targets').update(new Uint8Array(key.buffer), new Uint8Array(value.buffer));
}

/** Makes a cgroup and its parent for as long as `use` takes. */
async function inCgroup(cgroup: string, use: (cgroup: string) => Promise<void>): Promise<void> {
  mkdirSync(cgroup, { recursive: true });
  try {
    await use(cgroup);
  } finally {
    rmdirSync(cgroup);
    rmdirSync(dirname(cgroup));
  }
}
