// SPDX-License-Identifier: Apache-2.0
// A worker that reports and then goes on with one activity until it is terminated.
import { parentPort, workerData } from 'node:worker_threads';

import { openObject } from '../../src/object.ts';
import { openRing } from '../../src/ring.ts';

const { activity, rings, maps, ticker } = workerData as Record<'activity' | 'rings' | 'maps' | 'ticker', string>;

async function loaded(path: string) {
  const object = await openObject(path);
  await object.load();
  return object;
}

const activities: Record<string, () => Promise<unknown>> = {
  ring: async () => {
    const object = await loaded(rings);
    await object.attach('submit_fixed', { kind: 'uprobe', binary: ticker, symbol: 'tick' });
    openRing(object.map('ring'), () => {});
    openRing(object.map('ring'), () => {});
  },
  collect: async () => {
    const object = await loaded(maps);
    const readers = ['large', 'small', 'array'].map((name) => object.map(name).reader());
    const go = async () => {
      for (;;) await Promise.all(readers.map((reader) => reader.collect()));
    };
    void go();
  },
  load: async () => {
    const go = async () => {
      for (;;) await (await loaded(rings)).close();
    };
    void go();
  },
  attach: async () => {
    const object = await loaded(rings);
    const go = async () => {
      for (;;) await (await object.attach('submit_fixed', { kind: 'uprobe', binary: ticker, symbol: 'tick' })).detach();
    };
    void go();
  },
  idle: () => loaded(maps),
};

await activities[activity]?.();
parentPort?.postMessage('ready'); // oxlint-disable-line unicorn/require-post-message-target-origin -- that is for windows
setInterval(() => {}, 1000);
