// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import { EventEmitter } from 'eventemitter3';
import { setImmediate as turn } from 'node:timers/promises';
import type { CgroupId, Identity, IdentityId, ProcessFacts } from '../identity/types.ts';
import { compileRules, type CompiledRules, modeOf, noRules } from './compile-rules.ts';
import { Departures } from './departures.ts';
import { Followers } from './followers.ts';
import { cgroupSelectors, matchesUpwards, processSelectors } from './selectors.ts';
import { CGROUP, type Decision, PROCESS, type TargetKind, type TargetMap } from './target-map.ts';
import type {
  CgroupSelectorKind,
  SelectorKind,
  TargetCounts,
  TargetEvents,
  TargetMatch,
  TargetMode,
  TargetRules,
  Targets,
} from './types.ts';

const PROBES = 64;
/** How long the event loop is kept at a time, ms. */
const SLICE = 4;

const decisions = ['include', 'exclude'] as const;

/** One probe: its bit, and the rules that hold. */
interface Watcher {
  readonly bit: number;
  rules: CompiledRules;
  readonly followers: Record<Decision, Followers>;
  /** The last change of rules, which the next one waits for. */
  applied: Promise<unknown>;
}

/** By decision: the index of the rule that matched, and whether by descent. */
type Verdict = Partial<Record<Decision, { rule: number; inherited?: boolean }>>;

/** Resolves rules to processes and cgroups, and keeps the kernel's map true. See {@link openTargets}. */
export class HostTargets extends EventEmitter<TargetEvents> implements Targets {
  readonly #entries: TargetMap;
  readonly #identity: Identity;
  readonly #selectors = { process: byName(processSelectors), cgroup: byName(cgroupSelectors) };
  readonly #watchers = new Map<string, Watcher>();
  readonly #departures = new Departures((pid) => this.#leave(pid));

  constructor(entries: TargetMap, identity: Identity) {
    super();
    this.#entries = entries;
    this.#identity = identity;
    identity.on('started', this.#judgeById, this);
    identity.on('changed', this.#judgeById, this);
    identity.on('ended', this.#onEnded, this);
    identity.on('cgroupCreated', this.#judgeCgroupByPath, this);
    identity.on('cgroupRemoved', this.#onCgroupRemoved, this);
  }

  get map() {
    return this.#entries.map;
  }

  bitFor(probe: string): number {
    return this.#watcher(probe).bit;
  }

  apply(probe: string, rules: TargetRules): Promise<{ mode: TargetMode }> {
    const watcher = this.#watcher(probe);
    const compiled = this.#compile(rules);
    return this.#inTurn(watcher, () => this.#apply(probe, watcher, compiled));
  }

  async release(probe: string): Promise<void> {
    const watcher = this.#watchers.get(probe);
    if (watcher === undefined) return;
    await this.#inTurn(watcher, async () => {
      this.#setRules(watcher, noRules);
      await this.#judgeAll(watcher, 'replace');
      this.#watchers.delete(probe);
      await this.#follow();
    });
  }

  matches(probe: string): TargetMatch[] {
    const watcher = this.#watchers.get(probe);
    return watcher === undefined ? [] : [...this.#matchesOf(watcher.rules, watcher.followers)];
  }

  *watched(probe: string): Iterable<IdentityId> {
    const watcher = this.#watchers.get(probe);
    for (const id of this.#identity.live()) {
      if (watcher === undefined || this.#watches(watcher, this.#identity.facts(id)!)) yield id;
    }
  }

  preview(rules: TargetRules): TargetMatch[] {
    const compiled = this.#compile(rules);
    const followers = { include: new Followers(), exclude: new Followers() };
    for (const decision of decisions) followers[decision].rebase(compiled[decision]);
    for (const id of this.#identity.live()) this.#verdict(compiled, followers, this.#identity.facts(id)!);
    return [...this.#matchesOf(compiled, followers)];
  }

  addSelector(kind: SelectorKind): void {
    this.#selectors.process.set(kind.name, kind);
  }

  addCgroupSelector(kind: CgroupSelectorKind): void {
    this.#selectors.cgroup.set(kind.name, kind);
  }

  reconsider(cgroups: Iterable<readonly [CgroupId, string]>): void {
    for (const [cgroup, path] of cgroups) this.#judgeCgroupByPath(cgroup, path);
  }

  counts(): TargetCounts {
    const { size, overflow, map } = this.#entries;
    return { entries: size, maxEntries: map.info.maxEntries, overflow };
  }

  async close(): Promise<void> {
    for (const event of ['started', 'changed'] as const) this.#identity.off(event, this.#judgeById, this);
    this.#identity.off('ended', this.#onEnded, this);
    this.#identity.off('cgroupCreated', this.#judgeCgroupByPath, this);
    this.#identity.off('cgroupRemoved', this.#onCgroupRemoved, this);
    this.#departures.close();
    await Promise.allSettled([...this.#watchers.values()].map((watcher) => watcher.applied));
    await this.#entries.close();
  }

  #watcher(probe: string): Watcher {
    const known = this.#watchers.get(probe);
    if (known !== undefined) return known;
    const taken = new Set([...this.#watchers.values()].map((watcher) => watcher.bit));
    const bit = Array.from({ length: PROBES }, (_, i) => i).find((i) => !taken.has(i));
    if (bit === undefined) throw sondeError('SONDE_TARGET_PROBES', { limit: PROBES });
    const followers = { include: new Followers(), exclude: new Followers() };
    const watcher = { bit, rules: noRules, followers, applied: Promise.resolve() };
    this.#watchers.set(probe, watcher);
    return watcher;
  }

  #compile(rules: TargetRules): CompiledRules {
    return compileRules(rules, this.#selectors, (cgroup) => this.#identity.cgroupPath(cgroup));
  }

  #inTurn<T>(watcher: Watcher, change: () => Promise<T>): Promise<T> {
    const result = watcher.applied.then(change, change);
    watcher.applied = result.catch(() => {});
    return result;
  }

  async #apply(probe: string, watcher: Watcher, rules: CompiledRules): Promise<{ mode: TargetMode }> {
    const mode = modeOf(rules);
    if (isSame(rules, watcher.rules)) return { mode };
    this.#setRules(watcher, rules);
    await this.#follow();
    await this.#judgeAll(watcher, 'add');
    this.emit('mode', probe, mode);
    await this.#judgeAll(watcher, 'replace');
    return { mode };
  }

  #setRules(watcher: Watcher, rules: CompiledRules): void {
    watcher.rules = rules;
    for (const decision of decisions) watcher.followers[decision].rebase(rules[decision]);
  }

  /** Tells the kernel which probes have rules that children follow. */
  #follow(): Promise<void> {
    const following = [...this.#watchers.values()].filter((watcher) => decisions.some((key) => watcher.followers[key].isActive));
    return this.#entries.follow(following.map((watcher) => watcher.bit));
  }

  /** Holds the rules against every process and cgroup; `add` leaves the entries that the rules before made. */
  async #judgeAll(watcher: Watcher, how: 'add' | 'replace'): Promise<void> {
    let sliceEnd = performance.now() + SLICE;
    for (const judge of this.#judgements(watcher, how)) {
      judge();
      if (performance.now() < sliceEnd) continue;
      await turn();
      sliceEnd = performance.now() + SLICE;
    }
  }

  *#judgements(watcher: Watcher, how: 'add' | 'replace'): Iterable<() => void> {
    for (const id of [...this.#identity.live()]) yield () => this.#judgeProcess(watcher, this.#identity.facts(id), how);
    for (const { cgroup, path } of [...this.#identity.cgroups()]) yield () => this.#judgeCgroup(watcher, cgroup, path, how);
  }

  #judgeById(id: IdentityId): void {
    let facts: ProcessFacts | undefined;
    for (const watcher of this.#watchers.values()) {
      if (!isAboutProcesses(watcher.rules)) continue;
      facts ??= this.#identity.facts(id);
      this.#judgeProcess(watcher, facts, 'replace');
    }
    if (facts !== undefined && !facts.ended) this.#departures.cancel(facts.pid);
  }

  #judgeProcess(watcher: Watcher, process: ProcessFacts | undefined, how: 'add' | 'replace'): void {
    if (process === undefined || process.ended || !process.known) return;
    this.#write(watcher, PROCESS, process.pid, this.#verdict(watcher.rules, watcher.followers, process), how);
  }

  #judgeCgroup(watcher: Watcher, cgroup: CgroupId, path: string, how: 'add' | 'replace'): void {
    const verdict: Verdict = {};
    for (const decision of decisions) {
      const rule = watcher.rules[decision].findIndex((candidate) => candidate.cgroup?.(path));
      if (rule !== -1) verdict[decision] = { rule };
    }
    this.#write(watcher, CGROUP, cgroup, verdict, how);
  }

  #write({ bit }: Watcher, kind: TargetKind, id: number, verdict: Verdict, how: 'add' | 'replace'): void {
    const wants = (decision: Decision) =>
      verdict[decision] !== undefined || (how === 'add' && this.#entries.holds(kind, id, bit, decision));
    this.#entries.write(kind, id, bit, { include: wants('include'), exclude: wants('exclude') });
  }

  #verdict(rules: CompiledRules, followers: Record<Decision, Followers>, process: ProcessFacts): Verdict {
    const labels = () => this.#identity.labels(process.id);
    const verdict: Verdict = {};
    for (const decision of decisions) {
      const own = rules[decision];
      const matching = own.flatMap((rule, i) => (rule.process?.(process, labels) ? [i] : []));
      const carrying = matching.find((i) => own[i]!.children);
      if (carrying !== undefined) followers[decision].carry(process, carrying);
      const inherited = matching.length > 0 ? undefined : followers[decision].ruleOf(process, this.#identity);
      if (matching.length > 0) verdict[decision] = { rule: matching[0]! };
      else if (inherited !== undefined) verdict[decision] = { rule: inherited, inherited: true };
    }
    return verdict;
  }

  /** As the kernel decides it: by the process's own entry and those of the cgroups above it. */
  #watches({ rules, followers }: Watcher, process: ProcessFacts): boolean {
    const verdict = this.#verdict(rules, followers, process);
    const path = process.cgroup === undefined ? undefined : this.#identity.cgroupPath(process.cgroup);
    const matches = (decision: Decision) =>
      verdict[decision] !== undefined ||
      (path !== undefined && rules[decision].some((rule) => rule.cgroup !== undefined && matchesUpwards(rule.cgroup)(path)));
    return !matches('exclude') && (rules.include.length === 0 || matches('include'));
  }

  *#matchesOf(rules: CompiledRules, followers: Record<Decision, Followers>): Iterable<TargetMatch> {
    for (const { cgroup: id, path } of this.#identity.cgroups()) {
      for (const decision of decisions) {
        const rule = rules[decision].findIndex((candidate) => candidate.cgroup?.(path));
        if (rule !== -1) yield { decision, rule, cgroup: { id, path } };
      }
    }
    for (const id of this.#identity.live()) {
      const verdict = this.#verdict(rules, followers, this.#identity.facts(id)!);
      for (const decision of decisions) if (verdict[decision]) yield { decision, ...verdict[decision], process: id };
    }
  }

  #onEnded(id: IdentityId): void {
    const pid = this.#identity.facts(id)!.pid;
    if (this.#entries.mayHave(PROCESS, pid)) this.#departures.add(pid);
  }

  #leave(pid: number): void {
    this.#entries.delete(PROCESS, pid);
    for (const { followers } of this.#watchers.values()) for (const decision of decisions) followers[decision].forget(pid);
  }

  #judgeCgroupByPath(cgroup: CgroupId, path: string): void {
    for (const watcher of this.#watchers.values()) this.#judgeCgroup(watcher, cgroup, path, 'replace');
  }

  #onCgroupRemoved(cgroup: CgroupId): void {
    if (this.#entries.mayHave(CGROUP, cgroup)) this.#entries.delete(CGROUP, cgroup);
  }
}

function byName<Kind extends { name: string }>(kinds: readonly Kind[]): Map<string, Kind> {
  return new Map(kinds.map((kind) => [kind.name, kind]));
}

function isSame(one: CompiledRules, other: CompiledRules): boolean {
  const text = (rules: CompiledRules) => decisions.map((decision) => rules[decision].map((rule) => rule.text).join()).join('\n');
  return text(one) === text(other);
}

function isAboutProcesses(rules: CompiledRules): boolean {
  return decisions.some((decision) => rules[decision].some((rule) => rule.process !== undefined));
}
