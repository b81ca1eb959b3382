// SPDX-License-Identifier: Apache-2.0
import type { Alternative, Manifest } from '@sonde/kit';

/** Why an alternative was passed over. */
export interface Refusal {
  program: string;
  attach: string;
  /** The kernel lacks the hook; it refuses the program; it cannot run it; or the place to attach is not well-formed. */
  code: 'missing' | 'refused' | 'unsupported' | 'invalid';
  reason: string;
}

/** One task of a collector, with what is left of its alternatives. */
export interface Task {
  readonly collector: string;
  readonly name: string;
  readonly optional: boolean;
  /** When it runs, if it is an iterator. */
  readonly run: 'start' | 'snapshot' | 'stop';
  /** The best alternative not yet refused, or undefined when none is left. */
  choice: Alternative | undefined;
  readonly refusals: Refusal[];
}

/**
 * Which program does each task. The manifest lists alternatives, best first; as the kernel refuses one
 * (at load or at attach), the plan moves on to the next.
 */
export class ProgramPlan {
  readonly tasks: readonly Task[];
  readonly #rest = new Map<Task, Alternative[]>();
  /** Program → its `SEC()`, once the object was opened. */
  sections: ReadonlyMap<string, string> = new Map();

  constructor(manifest: Manifest) {
    this.tasks = Object.entries(manifest.collectors ?? {}).flatMap(([collector, { programs }]) =>
      Object.entries(programs ?? {}).map(([name, entry]) => {
        const alternatives = entry.any ? [...entry.any] : [entry as Alternative];
        const { optional = false, run = 'start' } = entry;
        const task: Task = { collector, name, optional, run, choice: alternatives.shift(), refusals: [] };
        this.#rest.set(task, alternatives);
        return task;
      }),
    );
  }

  /** The programs that the object must load: no others are, so their hooks and maps cost nothing. */
  get programs(): Set<string> {
    return new Set(this.tasks.flatMap((task) => task.choice?.program ?? []));
  }

  /** Where an alternative attaches, as the manifest or else the program says. */
  hookOf({ program, attach }: Alternative): string {
    return attach ?? this.sections.get(program) ?? '';
  }

  /** Passes over `program` in every task that chose it. Answers whether any did. */
  refuseProgram(program: string, code: Refusal['code'], reason: string): boolean {
    const hit = this.tasks.filter((task) => task.choice?.program === program);
    for (const task of hit) this.refuse(task, code, reason);
    return hit.length > 0;
  }

  /** Passes over a task's present choice. */
  refuse(task: Task, code: Refusal['code'], reason: string): void {
    if (task.choice === undefined) return;
    task.refusals.push({ program: task.choice.program, attach: this.hookOf(task.choice), code, reason });
    task.choice = this.#rest.get(task)?.shift();
  }
}
