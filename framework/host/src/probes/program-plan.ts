// SPDX-License-Identifier: Apache-2.0
import type { Alternative, Manifest } from '@sonde/kit';
import type { ProbePackage } from '../packages/types.ts';

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
  /** The object that has the programs, if there is one. */
  readonly objectFile: string | undefined;
  tasks: readonly Task[];
  readonly #rest = new Map<Task, Alternative[]>();
  readonly #isFirst: boolean;
  #sections: ReadonlyMap<string, string> = new Map();

  /** A plan for each object of a probe, or one without. */
  static of({ manifest, objectFiles }: Pick<ProbePackage, 'manifest' | 'objectFiles'>): ProgramPlan[] {
    return objectFiles.length === 0
      ? [new ProgramPlan(manifest)]
      : objectFiles.map((file, index) => new ProgramPlan(manifest, file, index === 0));
  }

  constructor(manifest: Manifest, objectFile?: string, isFirst = true) {
    this.objectFile = objectFile;
    this.#isFirst = isFirst;
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

  /**
   * Once the object was opened: leaves out what only another object of the same probe has. What the first object has no
   * program for is no task of its; in the others it is missing.
   * @param sections program → its `SEC()`
   */
  set sections(sections: ReadonlyMap<string, string>) {
    this.#sections = sections;
    const foreign = (task: Task): boolean =>
      task.choice !== undefined && ![task.choice, ...(this.#rest.get(task) ?? [])].some(({ program }) => sections.has(program));
    if (this.#isFirst) this.tasks = this.tasks.filter((task) => !foreign(task));
    for (const task of this.tasks) {
      if (foreign(task)) this.refuse(task, 'missing', `${this.objectFile} has no such program`);
      const present = [task.choice, ...(this.#rest.get(task) ?? [])].filter((each) => each && sections.has(each.program));
      task.choice = present.shift();
      this.#rest.set(task, present as Alternative[]);
    }
  }

  /** How many tasks that are not optional no program does. */
  get lacking(): number {
    return this.tasks.filter(({ choice, optional }) => choice === undefined && !optional).length;
  }

  /** The programs that the object must load: no others are, so their hooks and maps cost nothing. */
  get programs(): Set<string> {
    return new Set(this.tasks.flatMap((task) => task.choice?.program ?? []));
  }

  /** Where an alternative attaches, as the manifest or else the program says. */
  hookOf({ program, attach }: Alternative): string {
    return attach ?? this.#sections.get(program) ?? '';
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
