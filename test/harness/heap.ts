// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Host } from './host.ts';
import { waitFor } from './wait.ts';

/** Start a host with these options of Node.js, and {@link heapOf} can ask it. */
export const inspected = { node: ['--inspect=127.0.0.1:0'] };

/** Bytes of what is alive on a host's JavaScript heap: garbage is collected first. */
export async function heapOf(host: Host): Promise<number> {
  const address = await waitFor('the inspector listens', () => /ws:\/\/\S+/.exec(host.child.stderr)?.[0]);
  const socket = new WebSocket(address);
  await once(socket, 'open');
  const call = async (id: number, method: string): Promise<{ usedSize: number }> => {
    const answered = once(socket, 'message') as Promise<[{ data: string }]>;
    socket.send(JSON.stringify({ id, method }));
    const [{ data }] = await answered;
    return (JSON.parse(data) as { result: { usedSize: number } }).result;
  };
  // what a first collection finds to be finalized, the second takes
  await call(1, 'HeapProfiler.collectGarbage');
  await call(2, 'HeapProfiler.collectGarbage');
  const { usedSize } = await call(3, 'Runtime.getHeapUsage');
  socket.close();
  return usedSize;
}
