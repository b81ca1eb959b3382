// SPDX-License-Identifier: Apache-2.0
import { close, constants, fstatSync, open, write } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Where lines go. At most one write at a time. */
export interface Output {
  /** Writes all of it, however long that takes, without blocking the event loop. @throws WriteError */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** A write failed after the first `written` bytes. */
export class WriteError extends Error {
  readonly written: number;

  constructor(written: number, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.written = written;
  }
}

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
const STANDARD: Record<string, number> = { stdout: 1, stderr: 2 };
/** How long to wait for a pipe that is full, ms. */
const FULL_PIPE = 20;

const openFile = promisify(open);
const closeFile = promisify(close);
const writeFile = promisify(write);

/** @param path `stdout`, `stderr`, or a file that is appended to */
export async function openOutput(path: string): Promise<Output> {
  const standard = STANDARD[path];
  if (standard === undefined)
    return new FileOutput(await openFile(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o640));
  const status = fstatSync(standard);
  if (status.isSocket()) return new SocketOutput(standard);
  // A file is shared with who else writes to it, place included.
  if (status.isFile()) return new FileOutput(standard);
  // A terminal or pipe is opened anew, so that not to block holds for this writer alone.
  return new FileOutput(await openFile(`/proc/self/fd/${standard}`, O_WRONLY | O_NONBLOCK));
}

class FileOutput implements Output {
  readonly #descriptor: number;
  #closed = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.byteLength) {
      try {
        if (this.#closed) throw new Error('the output was closed');
        written += (await writeFile(this.#descriptor, bytes, written)).bytesWritten;
      } catch (thrown) {
        if (!isFull(thrown)) throw new WriteError(written, thrown);
        await sleep(FULL_PIPE);
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#descriptor > 2) await closeFile(this.#descriptor);
  }
}

/** Standard output under systemd is a socket to the journal, which cannot be opened anew. */
class SocketOutput implements Output {
  readonly #socket: Socket;
  #error: Error | undefined;

  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true });
    this.#socket.on('error', (error) => (this.#error = error));
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#error) return reject(new WriteError(0, this.#error));
      this.#socket.write(bytes, (error) => (error ? reject(new WriteError(0, error)) : resolve()));
    });
  }

  /** The descriptor is the host's own and stays open. */
  async close(): Promise<void> {
    this.#socket.unref();
  }
}

function isFull(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException).code === 'EAGAIN';
}
