// SPDX-License-Identifier: Apache-2.0
import { enableStats } from '@sonde/native';
import { bpfHeldBy } from '../../test/harness/bpf.ts';
import { run } from '../../test/harness/child.ts';
import type { Host } from '../../test/harness/host.ts';
import { findTool } from '../../test/harness/tools.ts';

export interface ProgramCost {
  name: string;
  runs: number;
  nanoseconds: number;
}

/** What the kernel's statistics themselves add to each run of a program, ns. */
export const STATISTICS_NANOSECONDS = 60;

/** Runs and time of the host's programs while `work` is done, the cost of the statistics taken off. */
export async function programCosts(host: Host, work: () => Promise<void>): Promise<ProgramCost[]> {
  const statistics = enableStats();
  try {
    const before = await programs(host);
    await work();
    const after = await programs(host);
    return after.map(({ id, name, run_cnt: count = 0, run_time_ns: time = 0 }) => {
      const then = before.find((program) => program.id === id);
      const runs = count - (then?.run_cnt ?? 0);
      return { name, runs, nanoseconds: Math.max(0, time - (then?.run_time_ns ?? 0) - runs * STATISTICS_NANOSECONDS) };
    });
  } finally {
    statistics.close();
  }
}

interface Listed {
  id: number;
  name: string;
  run_cnt?: number;
  run_time_ns?: number;
}

async function programs(host: Host): Promise<Listed[]> {
  const { programs: held } = await bpfHeldBy(host.pid);
  const all = JSON.parse(await run(findTool('bpftool'), ['-j', 'prog', 'show'])) as Listed[];
  return all.filter(({ id }) => held.has(id));
}
