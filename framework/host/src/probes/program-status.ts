// SPDX-License-Identifier: Apache-2.0
import type { ProgramStats } from '@sonde/native';
import type { ProgramPlan, Task } from './program-plan.ts';
import type { ProgramStatus } from './types.ts';

/** What one program cost, from a second of BPF run statistics. */
export interface ProgramEstimate {
  runsPerSecond: number;
  nanosecondsPerRun: number;
  /** Share of one CPU. */
  cpu: number;
}

/** Each task of a probe: the program that does it, or why there is none. */
export function programStatuses(
  plan: ProgramPlan,
  active: ReadonlySet<string>,
  isAttached: (task: Task) => boolean,
  loaded: readonly ProgramStats[],
  estimates: ReadonlyMap<string, ProgramEstimate>,
): ProgramStatus[] {
  return plan.tasks.map((task) => {
    const { collector, name, choice, optional, refusals } = task;
    const stats = loaded.find((program) => program.name === choice?.program);
    const estimate = choice && estimates.get(choice.program);
    const isMissing = choice === undefined || (loaded.length > 0 && active.has(collector) && !isAttached(task));
    return {
      collector,
      task: name,
      ...(choice && { program: choice.program, attach: plan.hookOf(choice) }),
      state: isMissing ? 'missing' : isAttached(task) ? 'attached' : 'detached',
      optional,
      reasons: refusals,
      ...(stats && { id: stats.id }),
      ...(estimate && { runsPerSecond: estimate.runsPerSecond, nanosecondsPerRun: estimate.nanosecondsPerRun }),
    };
  });
}
