// SPDX-License-Identifier: Apache-2.0

/** How long a dead process's entry stays, ms: its files and sockets are closed after its exit is told. */
const AFTERLIFE = 1000;

/** Pids whose process has ended; each is handed over a while later, unless it is taken again. */
export class Departures {
  /** By pid: when it is due; oldest first. */
  readonly #due = new Map<number, number>();
  readonly #leave: (pid: number) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(leave: (pid: number) => void) {
    this.#leave = leave;
  }

  add(pid: number): void {
    this.#due.delete(pid);
    this.#due.set(pid, performance.now() + AFTERLIFE);
    this.#timer ??= setTimeout(() => this.#visit(), AFTERLIFE).unref();
  }

  /** The pid has another process, or the same after an exec. */
  cancel(pid: number): void {
    this.#due.delete(pid);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#due.clear();
  }

  #visit(): void {
    const now = performance.now();
    this.#timer = undefined;
    for (const [pid, due] of this.#due) {
      if (due > now) {
        this.#timer = setTimeout(() => this.#visit(), due - now).unref();
        return;
      }
      this.#due.delete(pid);
      this.#leave(pid);
    }
  }
}
