// SPDX-License-Identifier: Apache-2.0
import { sondeError, type SondeError } from '@sonde/kit';
import type { Signal } from '../push/index.ts';

/** What failures are about. */
export interface Place {
  sink: string;
  where: string;
}

const TLS = /certificate|CERT|SSL|TLS|SELF_SIGNED|EPROTO|UNABLE_TO_(GET|VERIFY)/;
const LONGEST_REASON = 200;

/** An address as people may see it: it may hold a name and a password. */
export function withoutCredentials(address: string): string {
  return address.replace(/^(\w+:\/\/)[^/]*@/, '$1');
}

/** There was no answer at all. */
export function connectionError({ sink, where }: Place, cause: Error & { code?: unknown }): SondeError {
  const reason = shortened(cause.message || String(cause.code));
  const code = TLS.test(`${String(cause.code)} ${cause.message}`) ? 'SONDE_SINK_CERTIFICATE' : 'SONDE_SINK_UNREACHABLE';
  return sondeError(code, { sink, where, reason }, { cause });
}

export function busyError({ sink, where }: Place, reason: string): SondeError {
  return sondeError('SONDE_SINK_BUSY', { sink, where, reason: shortened(reason) });
}

export function deniedError({ sink, where }: Place, reason: string): SondeError {
  return sondeError('SONDE_SINK_DENIED', { sink, where, reason: shortened(reason) });
}

export function refusedError({ sink, where }: Place, what: Signal, reason: string): SondeError {
  return sondeError('SONDE_SINK_REFUSED', { sink, where, what, reason: shortened(reason) });
}

export function partlyRefusedError({ sink, where }: Place, what: Signal, count: number, reason: string): SondeError {
  return sondeError('SONDE_SINK_PARTLY_REFUSED', { sink, where, what, count, reason: shortened(reason) });
}

/** One line that fits into a message. */
function shortened(reason: string): string {
  const line = reason.replaceAll(/\s+/g, ' ').trim();
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON)}…` : line || 'no reason given';
}
