// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

import { openObject } from '../src/object.ts';
import { openRing } from '../src/ring.ts';
import { testFile } from './harness/files.ts';
import { open } from './harness/objects.ts';
import { startTicker } from './harness/ticker.ts';

interface Ids {
  prog: number[];
  map: number[];
  link: number[];
}

/** What the descriptors of a process hold in the kernel. */
function heldBy(pid: number | 'self'): Ids {
  const info = readdirSync(`/proc/${pid}/fdinfo`).map((fd) => {
    try {
      return readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
    } catch {
      return '';
    }
  });
  const ids = (field: string) =>
    info.flatMap((text) => text.match(new RegExp(`^${field}:\\s*(\\d+)`, 'm'))?.[1] ?? []).map(Number);
  return { prog: ids('prog_id'), map: ids('map_id'), link: ids('link_id') };
}

/** Those of them that the kernel still has, after it had time to free them. */
async function leftOf(ids: Ids): Promise<Ids> {
  const left = (kind: keyof Ids) => {
    const all = JSON.parse(execFileSync('bpftool', ['-j', kind, 'list'], { encoding: 'utf8' })) as { id: number }[];
    return all.map((each) => each.id).filter((id) => ids[kind].includes(id));
  };
  for (let attempt = 0; attempt < 40; attempt++) {
    const found = { prog: left('prog'), map: left('map'), link: left('link') };
    if (found.prog.length + found.map.length + found.link.length === 0) return found;
    await sleep(50);
  }
  return { prog: left('prog'), map: left('map'), link: left('link') };
}

const nothing: Ids = { prog: [], map: [], link: [] };

test('closing an object leaves no program, map or link, though links, readers and rings were open', async () => {
  const ticker = startTicker();
  const object = await openObject(testFile('rings.bpf.o'));
  await object.load();
  const spec = { kind: 'uprobe', binary: ticker.path, symbol: 'tick' } as const;
  await Promise.all(['submit_fixed', 'submit_varied'].map((program) => object.attach(program, spec)));
  openRing(object.map('ring'), () => {});
  await ticker.tick(10);
  const held = heldBy('self');
  expect(held.prog.length).toBeGreaterThanOrEqual(2);
  expect(held.map.length).toBeGreaterThanOrEqual(2);
  await object.close();
  await sleep(20);
  expect(await leftOf(held)).toEqual(nothing);
});

test('an object that failed to load leaves nothing', async () => {
  const object = await open('refused');
  await object.load().catch(() => {});
  await object.close();
  expect(heldBy('self')).toEqual(nothing);
});

test('a process that is killed leaves nothing', async () => {
  const victim = spawn(process.execPath, [join(import.meta.dirname, 'harness/victim.ts'), testFile('rings.bpf.o'), testFile('ticker')]);
  await once(victim.stdout, 'data');
  const held = heldBy(victim.pid as number);
  expect(held.prog.length).toBeGreaterThan(0);
  expect(held.map.length).toBeGreaterThan(0);
  victim.kill('SIGKILL');
  await once(victim, 'exit');
  expect(await leftOf(held)).toEqual(nothing);
});

test.each(['ring', 'collect', 'load', 'attach', 'idle'])('a worker terminated during %s takes all with it', async (activity) => {
  const before = heldBy('self');
  for (let round = 0; round < 3; round++) {
    const worker = new Worker(join(import.meta.dirname, 'harness/doomed-worker.ts'), {
      workerData: { activity, rings: testFile('rings.bpf.o'), maps: testFile('maps.bpf.o'), ticker: testFile('ticker') },
    });
    await once(worker, 'message');
    await sleep(round * 5);
    await worker.terminate();
  }
  await sleep(50);
  expect(heldBy('self')).toEqual(before);
});
