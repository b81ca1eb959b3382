// SPDX-License-Identifier: Apache-2.0
import { rename, stat } from 'node:fs/promises';
import type { RotationConfig } from '../../config/types.ts';

/** Says when a file is due to be put aside, and does so: `events.log` becomes `events.log.1`, that `events.log.2` … */
export class Rotation {
  readonly #path: string;
  readonly #config: RotationConfig;
  #size = 0;
  /** When its first line was written, milliseconds since 1970. */
  #began = Infinity;

  constructor(path: string, config: RotationConfig) {
    this.#path = path;
    this.#config = config;
  }

  /** The file was opened: it may have lines. */
  async begin(): Promise<void> {
    const { size, birthtimeMs } = await stat(this.#path);
    this.#size = size;
    this.#began = size > 0 ? birthtimeMs : Infinity;
  }

  /** Whether the file is to be put aside before so many bytes more. A file has at least one write. */
  isDue(bytes: number): boolean {
    const { size, age = Infinity } = this.#config;
    return this.#size > 0 && (this.#size + bytes > size || Date.now() - this.#began >= age);
  }

  wrote(bytes: number): void {
    if (this.#size === 0 && bytes > 0) this.#began = Date.now();
    this.#size += bytes;
  }

  /** Where the file that comes next is made before the others move. */
  get next(): string {
    return `${this.#path}.new`;
  }

  /** Moves all files on, and the next one to its place. @throws what renaming throws */
  async rotate(): Promise<void> {
    for (let number = this.#config.keep; number > 0; number--) {
      const older = number === 1 ? this.#path : `${this.#path}.${number - 1}`;
      await rename(older, `${this.#path}.${number}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    await rename(this.next, this.#path);
    await this.begin();
  }
}
