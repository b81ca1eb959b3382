// SPDX-License-Identifier: Apache-2.0
import { SondeError, sondeError, type ErrorCode, type ErrorValues } from '../../errors/index.ts';
import { nearest, pointer, quoteNames } from '../../input/index.ts';
import type { ManifestFile } from '../load.ts';

/** Keys that lead to a part of a manifest. */
export type At = readonly (string | number)[];

/** Collects what is wrong with a manifest, each at its place. */
export class Findings {
  readonly list: SondeError[] = [];
  readonly #source: ManifestFile;

  constructor(source: ManifestFile) {
    this.#source = source;
  }

  add<Code extends ErrorCode>(code: Code, values: ErrorValues<Code>, at: At): void {
    this.list.push(sondeError(code, values, { place: this.#source.place(pointer(...at)) }));
  }

  /** Runs something that may throw a SondeError without a place, and gives it this one. */
  try<Result>(at: At, action: () => Result): Result | undefined {
    try {
      return action();
    } catch (thrown) {
      if (!(thrown instanceof SondeError)) throw thrown;
      this.list.push(thrown.at(this.#source.place(pointer(...at))));
      return undefined;
    }
  }
}

/** The values of a hint that names what there is. */
export function alternatives(name: string, known: readonly string[]): { nearest: string; known: string } {
  return { nearest: quoteNames(nearest(name, known)), known: quoteNames(known, 'and') };
}
