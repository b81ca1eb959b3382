// SPDX-License-Identifier: Apache-2.0
import type { IdentityId } from '../identity/types.ts';
import { capacityFor, grown } from './grow.ts';

const USED = 1;
/** Asked for by labels and freed by itself, rather than held by a source until it ends it. */
const SHARED = 2;
/** Its process has ended. */
const ENDED = 4;
const NONE = -1;

/** Which rows a table has, whose they are, and which rows an identity has (a doubly linked list per identity). */
export class Rows {
  /** One more than the highest row in use. */
  high = 0;
  size = 0;
  capacity = 0;
  #flags = new Uint8Array(0);
  #identities = new Uint32Array(0);
  readonly #attributes: (readonly string[])[] = [];
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  readonly #heads = new Map<IdentityId, number>();
  readonly #free: number[] = [];

  add(identity: IdentityId, attributes: readonly string[], shared: boolean): number {
    const row = this.#free.pop() ?? this.high++;
    if (row >= this.capacity) this.#reserve(capacityFor(row + 1, this.capacity));
    this.size++;
    this.#flags[row] = shared ? USED | SHARED : USED;
    this.#identities[row] = identity;
    this.#attributes[row] = attributes;
    this.#link(row, identity);
    return row;
  }

  remove(row: number): void {
    this.#unlink(row);
    this.#flags[row] = 0;
    this.#attributes[row] = [];
    this.#free.push(row);
    this.size--;
  }

  isUsed(row: number): boolean {
    return (this.#flags[row]! & USED) !== 0;
  }

  isShared(row: number): boolean {
    return (this.#flags[row]! & SHARED) !== 0;
  }

  /** Used, and its process has not ended: its gauges count. */
  isLive(row: number): boolean {
    return (this.#flags[row]! & (USED | ENDED)) === USED;
  }

  markEnded(row: number): void {
    this.#flags[row]! |= ENDED;
  }

  identity(row: number): IdentityId {
    return this.#identities[row]!;
  }

  attributes(row: number): readonly string[] {
    return this.#attributes[row]!;
  }

  *of(identity: IdentityId): Generator<number> {
    for (let row = this.#heads.get(identity) ?? NONE; row !== NONE; row = this.#next[row]!) yield row;
  }

  #link(row: number, identity: IdentityId): void {
    const head = this.#heads.get(identity) ?? NONE;
    this.#previous[row] = NONE;
    this.#next[row] = head;
    if (head !== NONE) this.#previous[head] = row;
    this.#heads.set(identity, row);
  }

  #unlink(row: number): void {
    const [next, previous] = [this.#next[row]!, this.#previous[row]!];
    if (next !== NONE) this.#previous[next] = previous;
    if (previous !== NONE) this.#next[previous] = next;
    else if (next !== NONE) this.#heads.set(this.#identities[row]!, next);
    else this.#heads.delete(this.#identities[row]!);
  }

  #reserve(capacity: number): void {
    this.#flags = grown(this.#flags, capacity);
    this.#identities = grown(this.#identities, capacity);
    this.#next = grown(this.#next, capacity);
    this.#previous = grown(this.#previous, capacity);
    this.capacity = capacity;
  }
}
