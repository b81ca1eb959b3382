// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { X509Certificate } from 'node:crypto';
import { quoteNames, sondeError } from '@sonde/kit';
import { isToken } from './token.ts';

/** What a request over TCP is checked against. */
export interface GuardOptions {
  token: string;
  tokenFile: string;
  /** The host name or address that was configured. */
  host: string;
  /** Its names are names of this host too. */
  certificate?: X509Certificate;
}

/**
 * Lets a request over TCP pass only with the token, and only if it was sent to a name of this host.
 * @throws SONDE_HOST_FOREIGN, SONDE_TOKEN_MISSING, SONDE_TOKEN_WRONG
 */
export function guard({ headers }: IncomingMessage, options: GuardOptions): void {
  checkHost(headers.host ?? '', options);
  const { token, tokenFile: file } = options;
  const [, given] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '') ?? [];
  if (given === undefined) throw sondeError('SONDE_TOKEN_MISSING', { file });
  if (!isToken(given, token)) throw sondeError('SONDE_TOKEN_WRONG', { file });
}

/** A name that somebody else's DNS points here would let a web page of theirs speak to us. */
function checkHost(header: string, { host, certificate }: GuardOptions): void {
  const name = header
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  const own = [...new Set(['localhost', '127.0.0.1', '::1', host.toLowerCase()])];
  if (own.includes(name)) return;
  if (certificate && (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name))) return;
  throw sondeError('SONDE_HOST_FOREIGN', { host: header, expected: quoteNames(own) });
}
