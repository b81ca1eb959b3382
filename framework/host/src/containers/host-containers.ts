// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { EventEmitter } from 'eventemitter3';
import type { CgroupId, Identity, IdentityId, ProcessFacts } from '../identity/types.ts';
import { KeyChoice } from '../labels/key-choice.ts';
import { type ContainerPlace, containerPlace } from './cgroup-path.ts';
import { RuntimeQueue } from './runtime-queue.ts';
import type { Announcement, Container, ContainerCounts, ContainerEvents, ContainerFacts, Containers, ContainerWatch, RuntimeClient } from './types.ts';

/** A container with what only this room changes. */
interface Known extends Container {
  facts?: ContainerFacts;
  ended: boolean;
  readonly cgroups: Map<CgroupId, string>;
  /** Cgroups that were its own once. */
  readonly formerCgroups: Set<CgroupId>;
  readonly processes: Set<IdentityId>;
}

/** With what a runtime has told of it by itself. */
interface Place extends ContainerPlace {
  facts?: ContainerFacts;
}

/** The containers that cgroups and processes tell of, with what their runtimes say. See {@link Containers}. */
export class HostContainers extends EventEmitter<ContainerEvents> implements Containers {
  readonly #identity: Identity;
  readonly #runtimes: readonly RuntimeQueue[];
  readonly #watches: readonly ContainerWatch[];
  readonly #labels: KeyChoice;
  readonly #byKey = new Map<string, Known>();
  /** What runtimes tell by themselves, by the path of the cgroup. */
  readonly #announced = new Map<string, Announcement>();
  readonly #byCgroup = new Map<CgroupId, Known>();
  readonly #byProcess = new Map<IdentityId, Known>();
  /** Processes in a cgroup of which nothing is known yet. */
  readonly #unplaced = new Map<CgroupId, Set<IdentityId>>();

  /** @param labels patterns for the keys of those container labels that become labels of processes */
  constructor(identity: Identity, clients: readonly RuntimeClient[], watches: readonly ContainerWatch[], labels: readonly string[] = []) {
    super();
    this.#identity = identity;
    this.#labels = new KeyChoice(labels);
    this.#runtimes = clients.map((client): RuntimeQueue => {
      const askAgain = (id: string) => this.#byKey.has(id) && queue.want(id);
      const queue = new RuntimeQueue(client, (facts) => this.#resolve(facts), (id) => this.#onUnknown(id), askAgain);
      return queue;
    });
    this.#watches = watches;
    for (const { cgroup, path } of identity.cgroups()) this.#onCgroupCreated(cgroup, path);
    for (const id of identity.live()) this.#place(id);
    identity.on('cgroupCreated', this.#onCgroupCreated, this);
    identity.on('cgroupRemoved', this.#onCgroupRemoved, this);
    identity.on('started', this.#place, this);
    identity.on('changed', this.#place, this);
    identity.on('freed', this.#onFreed, this);
    identity.addFacet({ name: 'container', label: (process, add) => this.#label(process, add) });
    for (const watch of watches) {
      watch.start({ announced: (announcement) => this.#onAnnounced(announcement), withdrawn: (key) => this.#onWithdrawn(key) });
    }
  }

  of(process: IdentityId): Container | undefined {
    return this.#byProcess.get(process);
  }

  at(cgroupPath: string): Container | undefined {
    const place = this.#placeOf(cgroupPath);
    return place && this.#byKey.get(keyOf(place));
  }

  all(): Iterable<Container> {
    return this.#byKey.values();
  }

  relabel(containers: Iterable<Container>): void {
    for (const { key } of containers) {
      const container = this.#byKey.get(key);
      if (container !== undefined) this.#changed(container);
    }
  }

  choose(labels: readonly string[]): void {
    if (this.#labels.set(labels)) this.relabel(this.#byKey.values());
  }

  counts(): ContainerCounts {
    const running = [...this.#byKey.values()].filter(({ ended }) => !ended);
    const unresolved = running.filter(({ facts }) => facts === undefined).length;
    const ended = this.#byKey.size - running.length;
    return { running: running.length, unresolved, ended, runtimes: [...this.#runtimes, ...this.#watches].map((each) => each.state()) };
  }

  close(): void {
    const identity = this.#identity;
    identity.off('cgroupCreated', this.#onCgroupCreated, this);
    identity.off('cgroupRemoved', this.#onCgroupRemoved, this);
    for (const event of ['started', 'changed'] as const) identity.off(event, this.#place, this);
    identity.off('freed', this.#onFreed, this);
    for (const each of [...this.#runtimes, ...this.#watches]) each.close();
  }

  #onCgroupCreated(cgroup: CgroupId, path: string): void {
    const place = this.#placeOf(path);
    if (place !== undefined) this.#enter(place, cgroup, path);
    const waiting = this.#unplaced.get(cgroup);
    this.#unplaced.delete(cgroup);
    for (const id of waiting ?? []) this.#place(id);
    if (waiting !== undefined && place !== undefined) this.#identity.relabel(waiting);
  }

  #enter(place: Place, cgroup: CgroupId, path: string): void {
    const known = this.#byKey.get(keyOf(place));
    const container = known ?? this.#create(place);
    container.cgroups.set(cgroup, path);
    container.formerCgroups.delete(cgroup);
    container.ended = false;
    this.#byCgroup.set(cgroup, container);
    if (known === undefined) this.emit('created', container);
  }

  #create(place: Place): Known {
    const key = keyOf(place);
    const container: Known = {
      ...place,
      key,
      ended: false,
      cgroups: new Map(),
      formerCgroups: new Set(),
      processes: new Set(),
    };
    this.#byKey.set(key, container);
    if (place.facts === undefined) for (const runtime of this.#runtimes) runtime.want(place.id);
    return container;
  }

  /** Where one container runs in another, the inner counts. */
  #placeOf(path: string): Place | undefined {
    const place = containerPlace(path);
    if (this.#announced.size === 0) return place;
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const found = this.#announced.get(path.slice(0, end));
      if (found === undefined) continue;
      const isInner = place !== undefined && path.lastIndexOf(place.id) > end;
      return isInner ? place : { id: found.facts.id, key: found.key, facts: found.facts };
    }
    return place;
  }

  #onAnnounced(announcement: Announcement): void {
    const { key, path, facts } = announcement;
    this.#announced.set(path, announcement);
    const container = this.#byKey.get(key);
    if (container !== undefined) this.#learn(container, facts);
    else this.#findCgroups(path);
  }

  /** Of a container whose cgroup was there before anybody told what it is. */
  #findCgroups(path: string): void {
    const found = [...this.#identity.cgroups()].filter((each) => each.path === path || each.path.startsWith(`${path}/`));
    if (found.length === 0) return;
    for (const each of found) this.#onCgroupCreated(each.cgroup, each.path);
    for (const id of this.#identity.live()) this.#place(id);
    const container = this.#byCgroup.get(found[0]!.cgroup);
    if (container !== undefined) this.#changed(container);
  }

  #onWithdrawn(key: string): void {
    for (const [path, announcement] of this.#announced) if (announcement.key === key) this.#announced.delete(path);
  }

  #onCgroupRemoved(cgroup: CgroupId): void {
    const container = this.#byCgroup.get(cgroup);
    if (container === undefined || !container.cgroups.delete(cgroup)) return;
    container.formerCgroups.add(cgroup);
    if (container.cgroups.size > 0) return;
    container.ended = true;
    this.emit('ended', container);
    this.#forgetIfGone(container);
  }

  /** Notes which container a process is in now. */
  #place(id: IdentityId): void {
    const cgroup = this.#identity.facts(id)?.cgroup;
    if (cgroup === undefined) return;
    const [before, now] = [this.#byProcess.get(id), this.#byCgroup.get(cgroup)];
    if (now === undefined && this.#identity.cgroupPath(cgroup) === undefined) this.#wait(cgroup, id);
    if (now === before) return;
    this.#leave(id, before);
    if (now === undefined) return;
    now.processes.add(id);
    this.#byProcess.set(id, now);
  }

  #wait(cgroup: CgroupId, id: IdentityId): void {
    const waiting = this.#unplaced.get(cgroup) ?? new Set();
    this.#unplaced.set(cgroup, waiting.add(id));
  }

  #onFreed(id: IdentityId): void {
    this.#leave(id, this.#byProcess.get(id));
    for (const [cgroup, waiting] of this.#unplaced) if (waiting.delete(id) && waiting.size === 0) this.#unplaced.delete(cgroup);
  }

  #leave(id: IdentityId, container: Known | undefined): void {
    if (container === undefined) return;
    this.#byProcess.delete(id);
    container.processes.delete(id);
    this.#forgetIfGone(container);
  }

  #forgetIfGone(container: Known): void {
    if (!container.ended || container.processes.size > 0) return;
    this.#byKey.delete(container.key);
    for (const cgroup of container.formerCgroups) this.#byCgroup.delete(cgroup);
    for (const runtime of this.#runtimes) runtime.forget(container.id);
    this.emit('forgotten', container);
  }

  #resolve(facts: ContainerFacts): void {
    const container = this.#byKey.get(facts.id);
    for (const runtime of this.#runtimes) runtime.forget(facts.id);
    if (container !== undefined) this.#learn(container, facts);
  }

  /** The runtime that told first may tell again; another that knows the same container is not heard. */
  #learn(container: Known, facts: ContainerFacts): void {
    const { facts: before } = container;
    if (before !== undefined && (before.runtime.name !== facts.runtime.name || isDeepStrictEqual(before, facts))) return;
    container.facts = facts;
    this.#changed(container);
  }

  /** A runtime that removes its containers at their end will not know it again. */
  #onUnknown(id: string): void {
    if (this.#byKey.get(id)?.ended !== true) return;
    for (const runtime of this.#runtimes) runtime.forget(id);
  }

  #changed(container: Known): void {
    this.emit('changed', container);
    this.#identity.relabel(container.processes);
  }

  #label({ id }: ProcessFacts, add: (attribute: string, value: string) => void): void {
    if (!this.#byProcess.has(id)) this.#place(id); // one that ended before it was told of never `started`
    const container = this.#byProcess.get(id);
    if (container === undefined) return;
    add('container.id', container.id);
    const { facts } = container;
    if (facts === undefined) return;
    const { name, image, runtime } = facts;
    if (name !== undefined) add('container.name', name);
    if (image?.name !== undefined) add('container.image.name', image.name);
    if (image?.tag !== undefined) add('container.image.tags', image.tag);
    if (image?.id !== undefined) add('container.image.id', image.id);
    add('container.runtime.name', runtime.name);
    if (runtime.version !== undefined) add('container.runtime.version', runtime.version);
    for (const [key, value] of Object.entries(facts.labels)) if (value && this.#labels.has(key)) add(`container.label.${key}`, value);
  }
}

function keyOf({ id, key = id }: ContainerPlace): string {
  return key;
}
