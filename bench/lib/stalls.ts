// SPDX-License-Identifier: Apache-2.0
import { monitorEventLoopDelay } from 'node:perf_hooks';

const SAMPLE_MILLISECONDS = 1;

export interface Witnessed {
  /** CPU time of the whole process, ms. */
  cpu: number;
  wall: number;
  /** The longest time in which the event loop did nothing else, ms, and how much of such a time was its own work. */
  stall: number;
  busy: number;
}

/** Runs something and says what it cost this process. */
export async function witness(run: () => Promise<unknown>): Promise<Witnessed> {
  const delay = monitorEventLoopDelay({ resolution: SAMPLE_MILLISECONDS });
  delay.enable();
  let [last, lastBusy, longest, busy] = [performance.now(), threadBusy(), 0, 0];
  const timer = setInterval(() => {
    const [now, nowBusy] = [performance.now(), threadBusy()];
    longest = Math.max(longest, now - last - SAMPLE_MILLISECONDS);
    busy = Math.max(busy, nowBusy - lastBusy);
    [last, lastBusy] = [now, nowBusy];
  }, SAMPLE_MILLISECONDS);
  await new Promise((resolve) => setTimeout(resolve, 50));
  delay.reset();
  [longest, busy] = [0, 0];
  const [began, cpuBefore] = [performance.now(), process.cpuUsage()];
  await run();
  const wall = performance.now() - began;
  const { user, system } = process.cpuUsage(cpuBefore);
  // a stall at the very end is seen by the next turn
  await new Promise((resolve) => setTimeout(resolve, 20));
  clearInterval(timer);
  const stall = Math.max(longest, delay.max / 1e6 - SAMPLE_MILLISECONDS);
  delay.disable();
  return { cpu: (user + system) / 1000, wall, stall, busy };
}

function threadBusy(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
