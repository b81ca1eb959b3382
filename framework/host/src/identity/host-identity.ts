// SPDX-License-Identifier: Apache-2.0
import { EventEmitter } from 'eventemitter3';
import { CgroupTable } from './cgroup-table.ts';
import type { KernelSource } from './kernel-source.ts';
import { processLabels } from './labels.ts';
import { LateFacts } from './late-facts.ts';
import { ENDED, KNOWN, ProcessTable } from './process-table.ts';
import { ProcessTracker } from './process-tracker.ts';
import { RecordReader } from './records.ts';
import { TableFacts } from './table-facts.ts';
import type {
  CgroupId,
  Identity,
  IdentityCounts,
  IdentityEvents,
  IdentityFacet,
  IdentityId,
  Labels,
  ProcessFacts,
} from './types.ts';

/** Shortest time that an ended process is kept that nobody holds, ms. */
const KEPT = 60_000;
/** It is kept for so many intervals at least: longer than a key of it waits in a map or ring. */
const KEPT_INTERVALS = 3;
/** Time between two looks at loss, at what may be freed, and at who has settled, ms. */
const TICK = 1000;
/** Shortest and longest wait between two walks, ms: it doubles while they find none of those who were missing. */
const WALK_AGAIN = 1000;
const WALK_RARELY = 60_000;

/** Who a key is, from the kernel's own events. See {@link openIdentity}. */
export class HostIdentity extends EventEmitter<IdentityEvents> implements Identity {
  readonly #source: KernelSource;
  readonly #table = new ProcessTable();
  readonly #cgroups = new CgroupTable();
  readonly #tracker = new ProcessTracker(this.#table, this.#cgroups, this);
  readonly #late = new LateFacts(this.#table, this.#tracker, () => this.settle());
  readonly #records: RecordReader;
  readonly #node: Labels;
  readonly #bootTime: number;
  /** How long an ended process is kept that nobody holds, ms. */
  readonly #kept: number;
  readonly #facets: IdentityFacet[] = [];
  /** Records that had been lost when the last walk made up for it. */
  #healed = 0;
  #timer: NodeJS.Timeout | undefined;
  #walking: Promise<unknown> | undefined;
  #walkAfter = 0;
  #walkWait = WALK_AGAIN;

  /**
   * @param bootTime what to add to nanoseconds since boot to get nanoseconds since 1970
   * @param interval longest time between two snapshots of the kernel's maps, ms
   */
  constructor(source: KernelSource, node: Labels, bootTime: number, interval: number) {
    super();
    this.#source = source;
    this.#node = node;
    this.#bootTime = bootTime;
    this.#kept = Math.max(KEPT, KEPT_INTERVALS * interval);
    this.#records = new RecordReader(source.object.btf, this.#tracker);
  }

  /** Meets all who live now, then follows the kernel's records. */
  async start(): Promise<void> {
    this.#healed = this.#source.lost()['ring_full']!;
    await this.#cgroups.read();
    this.#records.readWalk(await this.#source.walk());
    this.#source.listen((batch) => this.#records.readRing(batch));
    await this.#late.readCommandLines();
    this.on('started', (id) => this.#late.watch(id));
    this.#timer = setInterval(() => this.#tick(), TICK).unref();
  }

  process(tgid: number, execId: number, start: number): IdentityId {
    if (tgid === 0 && start === 0) return 0;
    return this.#tracker.named({ tgid, execId, start });
  }

  labels(id: IdentityId): Labels {
    const cached = id === 0 ? this.#node : this.#table.labels[id];
    if (cached !== undefined) return cached;
    const facts = this.facts(id);
    if (facts === undefined) return this.#node;
    const labels = new Map(this.#node);
    const path = facts.cgroup === undefined ? undefined : this.#cgroups.path(facts.cgroup);
    for (const [name, value] of processLabels(facts, this.#bootTime, path)) labels.set(name, value);
    for (const facet of this.#facets) facet.label(facts, (name, value) => labels.set(name, value));
    return (this.#table.labels[id] = labels);
  }

  facts(id: IdentityId): ProcessFacts | undefined {
    return this.#table.has(id) ? new TableFacts(this.#table, id) : undefined;
  }

  ended(id: IdentityId): boolean {
    return this.#table.is(id, ENDED) || (id !== 0 && !this.#table.has(id));
  }

  retain(id: IdentityId): void {
    if (this.#table.has(id)) this.#table.retain(id);
  }

  release(id: IdentityId): void {
    if (this.#table.has(id) && this.#table.release(id)) this.#free(id);
  }

  settle(): void {
    this.#source.drain();
  }

  live(): Iterable<IdentityId> {
    return this.#table.liveIds();
  }

  cgroupPath(cgroup: CgroupId): string | undefined {
    return this.#cgroups.path(cgroup);
  }

  cgroups(): Iterable<{ cgroup: CgroupId; path: string }> {
    return this.#cgroups.existing();
  }

  addFacet(facet: IdentityFacet): void {
    this.#facets.push(facet);
    this.relabel(this.#table.liveIds());
  }

  relabel(ids: Iterable<IdentityId>): void {
    for (const id of [...ids]) this.#tracker.changed(id);
  }

  counts(): IdentityCounts {
    const { live, entries, kept } = this.#table;
    const { started, ended, walk, missing } = this.#tracker;
    const lost = this.#source.lost();
    return { live, entries, kept, missing: missing.size, cgroups: this.#cgroups.size, started, ended, lost, walks: walk + 1 };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#walking;
    await this.#source.close();
  }

  #free(id: IdentityId): void {
    this.emit('freed', id);
    this.#table.free(id);
  }

  #tick(): void {
    void this.#late.visitSurvivors();
    const now = performance.now();
    this.#table.sweep(now - this.#kept, (id) => this.#free(id));
    this.#cgroups.sweep(now - 2 * this.#kept);
    const lost = this.#source.lost()['ring_full']!;
    const isDue = now >= this.#walkAfter && this.#tracker.missing.size > 0;
    if (this.#walking !== undefined || !(isDue || lost !== this.#healed)) return;
    const walked = this.#walkAgain().then(() => (this.#healed = lost));
    this.#walking = walked.then(noop, noop).then(() => (this.#walking = undefined)); // what failed is tried again
  }

  /** Heals what lost records left: unknown processes, ends nobody told of, cgroups. */
  async #walkAgain(): Promise<void> {
    const missing = [...this.#tracker.missing];
    this.#tracker.walk++;
    const found = await this.#source.walk();
    this.#records.readWalk(found);
    this.#tracker.endUnseen();
    const { made, gone } = await this.#cgroups.read();
    for (const { cgroup, path } of made) this.emit('cgroupCreated', cgroup, path);
    for (const { cgroup, path } of gone) this.#tracker.cgroupRemoved(cgroup, path);
    await this.#late.readCommandLines();
    const isVain = missing.length > 0 && !missing.some((id) => this.#table.is(id, KNOWN));
    this.#walkWait = isVain ? Math.min(this.#walkWait * 2, WALK_RARELY) : WALK_AGAIN;
    this.#walkAfter = performance.now() + this.#walkWait;
  }
}

function noop(): void {}
