// SPDX-License-Identifier: Apache-2.0
import { EventEmitter } from 'eventemitter3';
import type { CgroupId, Identity, IdentityId, ProcessFacts } from '../identity/types.ts';
import { KeyChoice } from '../labels/key-choice.ts';
import { type ContainerPlace, containerPlace } from './cgroup-path.ts';
import { RuntimeQueue } from './runtime-queue.ts';
import type { Container, ContainerCounts, ContainerEvents, ContainerFacts, Containers, RuntimeClient } from './types.ts';

/** A container with what only this room changes. */
interface Known extends Container {
  facts?: ContainerFacts;
  ended: boolean;
  readonly cgroups: Map<CgroupId, string>;
  /** Cgroups that were its own once. */
  readonly formerCgroups: Set<CgroupId>;
  readonly processes: Set<IdentityId>;
}

/** The containers that cgroups and processes tell of, with what their runtimes say. See {@link Containers}. */
export class HostContainers extends EventEmitter<ContainerEvents> implements Containers {
  readonly #identity: Identity;
  readonly #runtimes: readonly RuntimeQueue[];
  readonly #labels: KeyChoice;
  readonly #byId = new Map<string, Known>();
  readonly #byCgroup = new Map<CgroupId, Known>();
  readonly #byProcess = new Map<IdentityId, Known>();
  /** Processes in a cgroup of which nothing is known yet. */
  readonly #unplaced = new Map<CgroupId, Set<IdentityId>>();

  /** @param labels patterns for the keys of those container labels that become labels of processes */
  constructor(identity: Identity, clients: readonly RuntimeClient[], labels: readonly string[] = []) {
    super();
    this.#identity = identity;
    this.#labels = new KeyChoice(labels);
    this.#runtimes = clients.map(
      (client) => new RuntimeQueue(client, (facts) => this.#resolve(facts), (id) => this.#onUnknown(id)),
    );
    for (const { cgroup, path } of identity.cgroups()) this.#onCgroupCreated(cgroup, path);
    for (const id of identity.live()) this.#place(id);
    identity.on('cgroupCreated', this.#onCgroupCreated, this);
    identity.on('cgroupRemoved', this.#onCgroupRemoved, this);
    identity.on('started', this.#place, this);
    identity.on('changed', this.#place, this);
    identity.on('freed', this.#onFreed, this);
    identity.addFacet({ name: 'container', label: (process, add) => this.#label(process, add) });
  }

  of(process: IdentityId): Container | undefined {
    return this.#byProcess.get(process);
  }

  at(cgroupPath: string): Container | undefined {
    const place = containerPlace(cgroupPath);
    return place && this.#byId.get(place.id);
  }

  all(): Iterable<Container> {
    return this.#byId.values();
  }

  relabel(containers: Iterable<Container>): void {
    for (const { id } of containers) {
      const container = this.#byId.get(id);
      if (container !== undefined) this.#changed(container);
    }
  }

  choose(labels: readonly string[]): void {
    if (this.#labels.set(labels)) this.relabel(this.#byId.values());
  }

  counts(): ContainerCounts {
    const running = [...this.#byId.values()].filter(({ ended }) => !ended);
    const unresolved = running.filter(({ facts }) => facts === undefined).length;
    return { running: running.length, unresolved, runtimes: this.#runtimes.map((runtime) => runtime.state()) };
  }

  close(): void {
    const identity = this.#identity;
    identity.off('cgroupCreated', this.#onCgroupCreated, this);
    identity.off('cgroupRemoved', this.#onCgroupRemoved, this);
    for (const event of ['started', 'changed'] as const) identity.off(event, this.#place, this);
    identity.off('freed', this.#onFreed, this);
    for (const runtime of this.#runtimes) runtime.close();
  }

  #onCgroupCreated(cgroup: CgroupId, path: string): void {
    const place = containerPlace(path);
    if (place !== undefined) this.#enter(place, cgroup, path);
    const waiting = this.#unplaced.get(cgroup);
    this.#unplaced.delete(cgroup);
    for (const id of waiting ?? []) this.#place(id);
    if (waiting !== undefined && place !== undefined) this.#identity.relabel(waiting);
  }

  #enter(place: ContainerPlace, cgroup: CgroupId, path: string): void {
    const known = this.#byId.get(place.id);
    const container = known ?? this.#create(place);
    container.cgroups.set(cgroup, path);
    container.formerCgroups.delete(cgroup);
    container.ended = false;
    this.#byCgroup.set(cgroup, container);
    if (known === undefined) this.emit('created', container);
  }

  #create(place: ContainerPlace): Known {
    const container = { ...place, ended: false, cgroups: new Map(), formerCgroups: new Set<CgroupId>(), processes: new Set<IdentityId>() };
    this.#byId.set(place.id, container);
    for (const runtime of this.#runtimes) runtime.want(place.id);
    return container;
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
    this.#byId.delete(container.id);
    for (const cgroup of container.formerCgroups) this.#byCgroup.delete(cgroup);
    for (const runtime of this.#runtimes) runtime.forget(container.id);
    this.emit('forgotten', container);
  }

  #resolve(facts: ContainerFacts): void {
    const container = this.#byId.get(facts.id);
    for (const runtime of this.#runtimes) runtime.forget(facts.id);
    if (container === undefined || container.facts !== undefined) return;
    container.facts = facts;
    this.#changed(container);
  }

  /** A runtime that removes its containers at their end will not know it again. */
  #onUnknown(id: string): void {
    if (this.#byId.get(id)?.ended !== true) return;
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
