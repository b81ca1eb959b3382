// SPDX-License-Identifier: Apache-2.0
import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { quoteNames, sondeError, type SondeError } from '@sonde/kit';
import { isToken } from './token.ts';

/** The bearer token of the host, and the file it is kept in. */
export interface Token {
  value: string;
  file: string;
}

/** What a listener is called. */
export interface ListenerNames {
  /** The host name or address that was configured. */
  host: string;
  /** Its names are names of this host too. */
  certificate?: X509Certificate;
}

/** What a request over TCP is checked against. */
export interface GuardOptions {
  names?: ListenerNames;
  token?: Token;
}

/**
 * Why a request may not pass: it was sent to a name that is none of this host, or does not have the token.
 * @returns SONDE_HOST_FOREIGN, SONDE_TOKEN_MISSING, SONDE_TOKEN_WRONG
 */
export function refusal({ headers }: IncomingMessage, { names, token }: GuardOptions): SondeError | undefined {
  return (names && hostProblem(headers.host ?? '', names)) ?? (token && tokenProblem(headers.authorization ?? '', token));
}

/** A name that somebody else's DNS points here would let a web page of theirs speak to us. */
function hostProblem(header: string, { host, certificate }: ListenerNames): SondeError | undefined {
  const name = header
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  const own = [...new Set(['localhost', '127.0.0.1', '::1', host.toLowerCase()])];
  if (own.includes(name)) return undefined;
  if (certificate && (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name))) return undefined;
  return sondeError('SONDE_HOST_FOREIGN', { host: header, expected: quoteNames(own) });
}

function tokenProblem(header: string, { value, file }: Token): SondeError | undefined {
  const [, given] = /^Bearer +(\S+) *$/i.exec(header) ?? [];
  if (given === undefined) return sondeError('SONDE_TOKEN_MISSING', { file });
  return isToken(given, value) ? undefined : sondeError('SONDE_TOKEN_WRONG', { file });
}
