// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync } from 'node:fs';

const buffer = Buffer.alloc(4096);

/**
 * The arguments of a living process, each with a NUL behind it; undefined if it is gone. What is read belongs to whoever has
 * the pid now: check afterwards that it is still the same process.
 *
 * @param limit bytes
 */
export function readCommandLine(pid: number, limit: number): { text: string; cut: boolean } | undefined {
  const length = readHead(`/proc/${pid}/cmdline`, limit + 1);
  if (length === undefined) return undefined;
  return { text: buffer.toString('utf8', 0, Math.min(length, limit)), cut: length > limit };
}

/** Name of the leader and effective user id, which programs change after their start. */
export function readStatus(pid: number): { comm: string; userId: number } | undefined {
  const length = readHead(`/proc/${pid}/status`, buffer.length);
  if (length === undefined) return undefined;
  const text = buffer.toString('utf8', 0, length);
  const comm = /^Name:\t(.*)$/m.exec(text)?.[1];
  const userId = /^Uid:\t\d+\t(\d+)/m.exec(text)?.[1];
  return comm === undefined || userId === undefined ? undefined : { comm: unescape(comm), userId: Number(userId) };
}

/** The kernel writes a newline and a backslash in a name as \n and \\. */
function unescape(comm: string): string {
  return comm.includes('\\') ? comm.replace(/\\(n|\\)/g, (_, char: string) => (char === 'n' ? '\n' : '\\')) : comm;
}

function readHead(path: string, length: number): number | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    return readSync(file, buffer, 0, Math.min(length, buffer.length), 0);
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}
