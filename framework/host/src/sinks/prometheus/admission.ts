// SPDX-License-Identifier: Apache-2.0
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { sondeError, type SondeError } from '@sonde/kit';

/** The bearer token of the control API, and the file it is kept in. */
export interface Token {
  value: string;
  file: string;
}

/**
 * Why a request may not have the metrics, or undefined. Compares in a time that does not depend on how much is right.
 */
export function refusal({ headers }: IncomingMessage, token: Token | undefined): SondeError | undefined {
  if (!token) return undefined;
  const [, given] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '') ?? [];
  if (given === undefined) return sondeError('SONDE_TOKEN_MISSING', { file: token.file });
  if (timingSafeEqual(digest(given), digest(token.value))) return undefined;
  return sondeError('SONDE_TOKEN_WRONG', { file: token.file });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
