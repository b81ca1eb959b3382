// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SondeError, sondeError } from '@sonde/kit';

const shortest = 16;

/**
 * The bearer token of the host: what the file holds, or a new one written to it (mode 0600) if there is none.
 * @throws SONDE_TOKEN_FILE — it cannot be read or written, is shorter than 16 characters, any user could read it, or it
 *   belongs to another user, who would know it
 */
export async function obtainToken(file: string): Promise<string> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    return (await createToken(file)) ?? (await readToken(file));
  } catch (cause) {
    if (cause instanceof SondeError) throw cause;
    throw sondeError('SONDE_TOKEN_FILE', { file, reason: (cause as Error).message }, { cause });
  }
}

/** Compares in a time that does not depend on how much of the token is right. */
export function isToken(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

/** Written beside it first, so that the file is never there without its token: on a disk that is full, for one. */
async function createToken(file: string): Promise<string | undefined> {
  const token = randomBytes(32).toString('base64url');
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(`${token}\n`).finally(() => handle.close());
    await link(temporary, file);
    return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    await unlink(temporary);
  }
}

async function readToken(file: string): Promise<string> {
  const refused = (reason: string): SondeError => sondeError('SONDE_TOKEN_FILE', { file, reason });
  const handle = await open(file);
  try {
    const { mode, uid } = await handle.stat();
    if (mode & 0o007) throw refused('any user may open it');
    if (uid !== 0 && uid !== process.geteuid?.()) throw refused('it belongs to another user');
    const token = (await handle.readFile('utf8')).trim();
    if (token.length < shortest) throw refused(`it holds less than ${shortest} characters`);
    return token;
  } finally {
    await handle.close();
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
