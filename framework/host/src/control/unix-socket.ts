// SPDX-License-Identifier: Apache-2.0
import { chmod, chown, lstat, mkdir, readFile, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { sondeError, type SondeError } from '@sonde/kit';

/**
 * Makes room for a socket: its folder, and the socket file of a host that died is removed.
 * @throws SONDE_SOCKET_IN_USE, SONDE_LISTEN_FAILED if a file that is no socket is in the way
 */
export async function makeRoom(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 }).catch((cause: Error) => {
    throw refused(path, cause.message, cause);
  });
  const present = await lstat(path).catch(() => undefined);
  if (!present) return;
  if (!present.isSocket()) throw refused(path, 'the file there is no socket');
  if (await isAlive(path)) throw sondeError('SONDE_SOCKET_IN_USE', { socket: path });
  await unlink(path);
}

/**
 * Opens a socket to root and one group (mode 0660).
 * @returns a warning if there is no such group, so that only root may open it
 */
export async function openToGroup(path: string, group: string): Promise<string | undefined> {
  const id = await groupId(group);
  if (id !== undefined) await chown(path, 0, id);
  await chmod(path, 0o660);
  if (id !== undefined) return undefined;
  return `There is no group '${group}', so only root may open ${path}. \`groupadd --system ${group}\` makes one.`;
}

function refused(address: string, reason: string, cause?: Error): SondeError {
  return sondeError('SONDE_LISTEN_FAILED', { address, reason, setting: '`control.socket`' }, { cause });
}

/** Anything but a refusal means that somebody holds the socket open. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(path);
    connection.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    );
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
  });
}

async function groupId(name: string): Promise<number | undefined> {
  const groups = await readFile('/etc/group', 'utf8').catch(() => '');
  const line = groups.split('\n').find((entry) => entry.startsWith(`${name}:`));
  return line === undefined ? undefined : Number(line.split(':')[2]);
}
