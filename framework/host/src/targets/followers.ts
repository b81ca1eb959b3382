// SPDX-License-Identifier: Apache-2.0
import type { Identity, ProcessFacts } from '../identity/types.ts';
import type { CompiledRule } from './compile-rules.ts';

/** Longest line of ancestors that is looked at. */
const GENERATIONS = 64;

/** Which processes carry a rule with `children`: those it matches and their descendants. */
export class Followers {
  #rules: readonly CompiledRule[] = [];
  /** By pid: the process's start, and the rule's index. */
  readonly #carried = new Map<number, { start: number; rule: number }>();

  /** Whether there is anything to carry. */
  get isActive(): boolean {
    return this.#rules.some((rule) => rule.children);
  }

  /** Takes new rules; who carried one that is among them still does. */
  rebase(rules: readonly CompiledRule[]): void {
    for (const [pid, { start, rule }] of this.#carried) {
      const text = this.#rules[rule]!.text;
      const now = rules.findIndex((other) => other.children && other.text === text);
      if (now === -1) this.#carried.delete(pid);
      else this.#carried.set(pid, { start, rule: now });
    }
    this.#rules = rules;
  }

  carry({ pid, start }: ProcessFacts, rule: number): void {
    this.#carried.set(pid, { start, rule });
  }

  /** The rule that a process carries, or takes over from the nearest ancestor who does. */
  ruleOf(process: ProcessFacts, identity: Identity): number | undefined {
    if (!this.isActive) return undefined;
    let ancestor: ProcessFacts | undefined = process;
    for (let i = 0; i < GENERATIONS && ancestor !== undefined; i++) {
      const carried = this.#carried.get(ancestor.pid);
      if (carried !== undefined && carried.start === ancestor.start) {
        this.carry(process, carried.rule);
        return carried.rule;
      }
      ancestor = ancestor.parent === undefined ? undefined : identity.facts(ancestor.parent);
    }
    return undefined;
  }

  forget(pid: number): void {
    this.#carried.delete(pid);
  }
}
