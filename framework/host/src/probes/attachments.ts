// SPDX-License-Identifier: Apache-2.0
import { fillAttach, parseAttach, type ParamValue } from '@sonde/kit';
import { NativeError, type AttachSpec, type BpfLink, type BpfObject } from '@sonde/native';
import { explain, refusalCode } from './load-object.ts';
import type { ProgramPlan, Task } from './program-plan.ts';

interface Attachment {
  link: BpfLink;
  tasks: Set<Task>;
}

/**
 * The links of one loaded object. A program that serves several tasks at the same hook is attached once, for as long as
 * one of them is on, so toggling a collector never disturbs another's counts.
 */
export class Attachments {
  readonly #object: BpfObject;
  readonly #plan: ProgramPlan;
  /** By program and hook. */
  readonly #links = new Map<string, Attachment>();

  constructor(object: BpfObject, plan: ProgramPlan) {
    this.#object = object;
    this.#plan = plan;
  }

  /**
   * Attaches and detaches until exactly the tasks of these collectors are on. A hook that the kernel refuses is passed over
   * in the plan.
   *
   * @returns tasks that now want a program which this object has not loaded
   */
  async follow(collectors: ReadonlySet<string>, params: Readonly<Record<string, ParamValue>>): Promise<Task[]> {
    const wanted = new Map<string, { task: Task; spec: AttachSpec }[]>();
    for (const task of this.#plan.tasks) {
      if (!collectors.has(task.collector) || task.choice === undefined) continue;
      const spec = this.#attachSpec(task, params);
      if (spec === undefined) continue;
      const key = `${task.choice.program} ${JSON.stringify(spec)}`;
      wanted.set(key, [...(wanted.get(key) ?? []), { task, spec }]);
    }
    await this.#detachAllBut(new Set(wanted.keys()));
    const unserved: Task[] = [];
    for (const [key, users] of wanted) {
      const tasks = users.map(({ task }) => task);
      if (!(await this.#attach(key, tasks, users[0]!.spec))) unserved.push(...tasks.filter(({ choice }) => choice !== undefined));
    }
    return unserved;
  }

  isAttached(task: Task): boolean {
    for (const { tasks } of this.#links.values()) if (tasks.has(task)) return true;
    return false;
  }

  get count(): number {
    return this.#links.size;
  }

  async detachAll(): Promise<void> {
    await this.#detachAllBut(new Set());
  }

  async #attach(key: string, tasks: Task[], spec: AttachSpec): Promise<boolean> {
    const present = this.#links.get(key);
    if (present !== undefined) {
      present.tasks = new Set(tasks);
      return true;
    }
    try {
      const link = await this.#object.attach(tasks[0]!.choice!.program, spec);
      this.#links.set(key, { link, tasks: new Set(tasks) });
      return true;
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      for (const task of tasks) this.#plan.refuse(task, refusalCode(error), explain(error));
      return false;
    }
  }

  /** In parallel, since detaching a uprobe takes the kernel 0.1 s. */
  async #detachAllBut(keep: ReadonlySet<string>): Promise<void> {
    const gone = [...this.#links].filter(([key]) => !keep.has(key));
    for (const [key] of gone) this.#links.delete(key);
    await Promise.all(gone.map(([, { link }]) => link.detach()));
  }

  /** Where a task's chosen program attaches, with the values of the params in it. */
  #attachSpec(task: Task, params: Readonly<Record<string, ParamValue>>): AttachSpec | undefined {
    const { attach, pid } = task.choice!;
    if (attach === undefined) return { kind: 'auto' };
    const process = pid === undefined ? 0 : Number(fillAttach(String(pid), params));
    const point = parseAttach(fillAttach(attach, params), process > 0 ? process : undefined);
    if ('spec' in point) return point.spec;
    this.#plan.refuse(task, 'invalid', point.rule);
    return undefined;
  }
}
