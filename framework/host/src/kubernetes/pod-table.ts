// SPDX-License-Identifier: Apache-2.0
import type { Pod } from './types.ts';

/** Pods of which the API or the kubelet told. One that was deleted stays as long as it is held. */
export class PodTable {
  readonly #pods = new Map<string, Pod>();
  readonly #deleted = new Set<string>();
  readonly #isHeld: (uid: string) => boolean;

  /** @param isHeld whether a container of the pod is still known */
  constructor(isHeld: (uid: string) => boolean) {
    this.#isHeld = isHeld;
  }

  get(uid: string): Pod | undefined {
    return this.#pods.get(uid);
  }

  get size(): number {
    return this.#pods.size - this.#deleted.size;
  }

  values(): Iterable<Pod> {
    return this.#pods.values();
  }

  /** Returns whether anything differs that labels are made of. */
  set(pod: Pod): boolean {
    this.#deleted.delete(pod.uid);
    const before = this.#pods.get(pod.uid);
    this.#pods.set(pod.uid, pod);
    return before === undefined || textOf(before) !== textOf(pod);
  }

  delete(uid: string): void {
    if (!this.#pods.has(uid)) return;
    this.#deleted.add(uid);
    this.release(uid);
  }

  /** Takes these for all that there are; returns those that differ. */
  replaceAll(pods: readonly Pod[]): Pod[] {
    const named = new Set(pods.map(({ uid }) => uid));
    for (const uid of [...this.#pods.keys()]) if (!named.has(uid)) this.delete(uid);
    return pods.filter((pod) => this.set(pod));
  }

  /** A container of the pod was forgotten. */
  release(uid: string): void {
    if (!this.#deleted.has(uid) || this.#isHeld(uid)) return;
    this.#deleted.delete(uid);
    this.#pods.delete(uid);
  }
}

function textOf(pod: Pod): string {
  return JSON.stringify([pod, [...pod.containers]]);
}
