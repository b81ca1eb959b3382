// SPDX-License-Identifier: Apache-2.0
import { fillAttach, parseAttach, type AttachPoint, type ParamValue } from '@sonde/kit';
import { NativeError, type AttachSpec, type BpfLink, type BpfObject } from '@sonde/native';
import { Iterators } from './iterators.ts';
import { explain, refusalCode } from './load-object.ts';
import type { ProgramPlan, Task } from './program-plan.ts';

interface Attachment {
  link: BpfLink;
  tasks: Set<Task>;
}

/** Where a task's program belongs: at a hook, or over what it iterates. */
type Point = Pick<AttachPoint, 'spec' | 'iterator'>;

/**
 * The links of one loaded object. A program that serves several tasks at the same hook is attached once, for as long as
 * one of them is on, so toggling a collector never disturbs another's counts.
 */
export class Attachments {
  readonly #object: BpfObject;
  readonly #plan: ProgramPlan;
  readonly #iterators: Iterators;
  /** By program and hook. */
  readonly #links = new Map<string, Attachment>();

  constructor(object: BpfObject, plan: ProgramPlan) {
    this.#object = object;
    this.#plan = plan;
    this.#iterators = new Iterators(object, plan);
  }

  /**
   * Attaches and detaches until exactly the tasks of these collectors are on, then runs their iterators. A hook that the
   * kernel refuses is passed over in the plan.
   *
   * @returns tasks that now want a program which this object has not loaded
   */
  async follow(collectors: ReadonlySet<string>, params: Readonly<Record<string, ParamValue>>): Promise<Task[]> {
    const hooks = new Map<string, { tasks: Set<Task>; spec: AttachSpec }>();
    const iterators = new Map<string, { tasks: Set<Task>; program: string; map: string | undefined }>();
    for (const task of this.#plan.tasks) {
      const point = collectors.has(task.collector) ? this.#pointOf(task, params) : undefined;
      if (point === undefined) continue;
      const { program } = task.choice!;
      const { spec, iterator } = point;
      const key = `${program} ${JSON.stringify(point)}`;
      if (iterator) getOrInsert(iterators, key, { tasks: new Set<Task>(), program, map: iterator.map }).tasks.add(task);
      else getOrInsert(hooks, key, { tasks: new Set<Task>(), spec }).tasks.add(task);
    }
    await this.#detachAllBut(new Set(hooks.keys()));
    const unserved: Task[] = [];
    for (const [key, { tasks, spec }] of hooks) {
      if (!(await this.#attach(key, tasks, spec))) unserved.push(...tasks);
    }
    unserved.push(...(await this.#iterators.follow(iterators)));
    return unserved.filter(({ choice }) => choice !== undefined);
  }

  /** Detaches what only other collectors than these want, and lets their iterators say their last word. */
  async keep(collectors: ReadonlySet<string>): Promise<void> {
    const isKept = ({ tasks }: { tasks: ReadonlySet<Task> }): boolean => [...tasks].some(({ collector }) => collectors.has(collector));
    await this.#detachAllBut(new Set([...this.#links].filter(([, link]) => isKept(link)).map(([key]) => key)));
    await this.#iterators.keep(isKept);
  }

  isAttached(task: Task): boolean {
    for (const { tasks } of this.#links.values()) if (tasks.has(task)) return true;
    return this.#iterators.isWanted(task);
  }

  get count(): number {
    return this.#links.size;
  }

  /** Runs the iterators that bring the maps up to date. */
  async beforeSnapshot(): Promise<void> {
    await this.#iterators.snapshot();
  }

  /** Nothing is counted any more; what the iterators have to say is in the maps. */
  async detachAll(): Promise<void> {
    await this.#detachAllBut(new Set());
    await this.#iterators.keep(() => false);
  }

  async #attach(key: string, tasks: Set<Task>, spec: AttachSpec): Promise<boolean> {
    const present = this.#links.get(key);
    if (present !== undefined) {
      present.tasks = tasks;
      return true;
    }
    const [first] = tasks;
    try {
      const link = await this.#object.attach(first!.choice!.program, spec);
      this.#links.set(key, { link, tasks });
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

  /** Where a task's chosen program belongs, with the values of the params in it. */
  #pointOf({ choice }: Task, params: Readonly<Record<string, ParamValue>>): Point | undefined {
    if (choice === undefined) return undefined;
    const { program, attach, pid } = choice;
    if (attach === undefined) return this.#pointOfSection(program);
    const process = pid === undefined ? 0 : Number(fillAttach(String(pid), params));
    const point = parseAttach(fillAttach(attach, params), process > 0 ? process : undefined);
    if (!('rule' in point)) return { spec: point.spec, iterator: point.iterator };
    for (const task of this.#plan.tasks) if (task.choice === choice) this.#plan.refuse(task, 'invalid', point.rule);
    return undefined;
  }

  #pointOfSection(program: string): Point {
    const section = this.#object.programs.find(({ name }) => name === program)?.section ?? '';
    return { spec: { kind: 'auto' }, iterator: section.startsWith('iter/') ? {} : undefined };
  }
}

function getOrInsert<Value>(map: Map<string, Value>, key: string, fresh: Value): Value {
  const present = map.get(key) ?? fresh;
  map.set(key, present);
  return present;
}
