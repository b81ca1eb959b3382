// SPDX-License-Identifier: Apache-2.0
import { unlink } from 'node:fs/promises';
import { sondeError, type SondeError } from '@sonde/kit';
import type { RotationConfig } from '../../config/types.ts';
import { PartlyDelivered } from '../../events/index.ts';
import { openOutput, WriteError, type Output } from './output.ts';
import { Rotation } from './rotation.ts';

export interface LineWriterOptions {
  /** Name of the sink, for errors. */
  sink: string;
  /** `stdout`, `stderr` or an absolute path. */
  path: string;
  rotate?: RotationConfig;
}

const NEWLINE = 10;

/** Writes whole lines, one piece after the other, whoever asks; puts the file aside when that is due. */
export class LineWriter {
  readonly #options: LineWriterOptions;
  readonly #rotation: Rotation | undefined;
  #output: Output | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** The last line was cut off by an error. */
  #torn = false;
  #error: SondeError | undefined;

  constructor(options: LineWriterOptions) {
    const { path, rotate } = options;
    this.#options = options;
    this.#rotation = rotate && path.startsWith('/') ? new Rotation(path, rotate) : undefined;
  }

  /** Why the last piece was not written. */
  get error(): SondeError | undefined {
    return this.#error;
  }

  get isOpen(): boolean {
    return this.#output !== undefined;
  }

  /** @throws SONDE_SINK_OUTPUT */
  async open(): Promise<void> {
    this.#output ??= await this.#open();
  }

  /** Opens the file again under its name. What is being written goes to the old one. @throws SONDE_SINK_OUTPUT */
  reopen(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#output) await this.#replace(await this.#open());
    });
  }

  /**
   * @param lines each with its newline
   * @throws PartlyDelivered with how many lines were written
   */
  write(lines: string): Promise<void> {
    return this.#inTurn(() => this.#write(lines));
  }

  async close(): Promise<void> {
    const output = this.#output;
    this.#output = undefined;
    await output?.close();
  }

  async #write(lines: string): Promise<void> {
    const bytes = Buffer.from(this.#torn ? `\n${lines}` : lines);
    try {
      const late = this.#rotation?.isDue(bytes.byteLength) ? await this.#rotate(this.#rotation) : undefined;
      if (!this.#output) throw new WriteError(0, new Error('the sink has stopped'));
      await this.#output.write(bytes);
      this.#rotation?.wrote(bytes.byteLength);
      this.#torn = false;
      this.#error = late;
    } catch (thrown) {
      const written = bytes.subarray(0, thrown instanceof WriteError ? thrown.written : 0);
      const whole = count(written, NEWLINE) - (this.#torn && written.length > 0 ? 1 : 0);
      this.#rotation?.wrote(written.byteLength);
      if (written.length > 0) this.#torn = written.at(-1) !== NEWLINE;
      this.#error = this.#failure(thrown);
      throw new PartlyDelivered(whole, thrown);
    }
  }

  /** If the file cannot be put aside, it grows on: a late rotation is better than lost lines. @returns why not */
  async #rotate(rotation: Rotation): Promise<SondeError | undefined> {
    try {
      // made first: where there is no room for one more, the old ones would push each other out for nothing
      const next = await openOutput(rotation.next);
      try {
        await rotation.rotate();
      } catch (thrown) {
        await next.close();
        await unlink(rotation.next);
        throw thrown;
      }
      await this.#replace(next);
      return undefined;
    } catch (thrown) {
      return this.#failure(thrown);
    }
  }

  /** Goes on in another file, unless the sink was stopped in the meantime. */
  async #replace(next: Output): Promise<void> {
    const old = this.#output;
    if (old) this.#output = next;
    await (old ?? next).close();
  }

  async #open(): Promise<Output> {
    try {
      const output = await openOutput(this.#options.path);
      await this.#rotation?.begin();
      return output;
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  #failure(cause: unknown): SondeError {
    const { sink, path } = this.#options;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return sondeError('SONDE_SINK_OUTPUT', { sink, path, reason }, { cause });
  }
}

function count(bytes: Uint8Array, byte: number): number {
  let found = 0;
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) found++;
  return found;
}
