// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SondeError, sondeError } from '@sonde/kit';

const shortest = 16;

/**
 * The bearer token of the host: what the file holds, or a new one written to it (mode 0600) if there is none.
 * @throws SONDE_TOKEN_FILE — it cannot be read or written, is shorter than 16 characters, or any user could read it
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

async function createToken(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, 'wx', 0o600);
    const token = randomBytes(32).toString('base64url');
    await handle.writeFile(`${token}\n`).finally(() => handle.close());
    return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

async function readToken(file: string): Promise<string> {
  const { mode } = await stat(file);
  if (mode & 0o007) throw sondeError('SONDE_TOKEN_FILE', { file, reason: 'any user may open it' });
  const token = (await readFile(file, 'utf8')).trim();
  if (token.length >= shortest) return token;
  throw sondeError('SONDE_TOKEN_FILE', { file, reason: `it holds less than ${shortest} characters` });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
