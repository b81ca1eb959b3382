// SPDX-License-Identifier: Apache-2.0
import { NativeError, runIterator, type BpfObject } from '@sonde/native';
import { explain, refusalCode } from './load-object.ts';
import type { ProgramPlan, Task } from './program-plan.ts';

interface Iterator {
  program: string;
  map: string | undefined;
  tasks: Set<Task>;
}

/** The iterators of one loaded object: programs that are not attached to a hook but walk what the kernel has. */
export class Iterators {
  readonly #object: BpfObject;
  readonly #plan: ProgramPlan;
  /** By program and map, in the order of their tasks. */
  readonly #wanted = new Map<string, Iterator>();

  constructor(object: BpfObject, plan: ProgramPlan) {
    this.#object = object;
    this.#plan = plan;
  }

  /**
   * Runs those that were not wanted before, and `keep`s the others that are.
   * @returns tasks whose iterator the kernel refused
   */
  async follow(wanted: ReadonlyMap<string, Iterator>): Promise<Task[]> {
    const unserved: Task[] = [];
    await this.keep((_, key) => wanted.has(key));
    for (const [key, iterator] of wanted) {
      const isNew = !this.#wanted.has(key);
      this.#wanted.set(key, iterator);
      if (!isNew || !runs(iterator, 'start', 'snapshot') || (await this.#run(iterator))) continue;
      this.#wanted.delete(key);
      unserved.push(...iterator.tasks);
    }
    return unserved;
  }

  /** Runs those that are wanted no more, if they have a last word to say. */
  async keep(isKept: (iterator: Iterator, key: string) => boolean): Promise<void> {
    for (const [key, iterator] of this.#wanted) {
      if (isKept(iterator, key)) continue;
      if (runs(iterator, 'snapshot', 'stop')) await this.#run(iterator);
      this.#wanted.delete(key);
    }
  }

  isWanted(task: Task): boolean {
    return [...this.#wanted.values()].some(({ tasks }) => tasks.has(task));
  }

  /** Before the maps are read: brings them up to date. */
  async snapshot(): Promise<void> {
    for (const iterator of this.#wanted.values()) if (runs(iterator, 'snapshot')) await this.#run(iterator);
  }

  async #run({ program, map, tasks }: Iterator): Promise<boolean> {
    try {
      await runIterator(this.#object, program, map);
      return true;
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      for (const task of tasks) this.#plan.refuse(task, refusalCode(error), explain(error));
      return false;
    }
  }
}

function runs({ tasks }: Iterator, ...when: Task['run'][]): boolean {
  return [...tasks].some(({ run }) => when.includes(run));
}
