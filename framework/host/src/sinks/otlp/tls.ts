// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { ClientTls } from '../../config/types.ts';

/** The content of the files that `tls` names. */
export interface Certificates {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

/** @throws SONDE_SINK_TLS_FILE */
export async function readCertificates(sink: string, { ca, cert, key }: ClientTls = {}): Promise<Certificates> {
  const failure = (file: string, cause: unknown): Error => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return sondeError('SONDE_SINK_TLS_FILE', { sink, file, reason }, { cause });
  };
  const read = async (file: string | undefined): Promise<Buffer | undefined> => {
    if (file === undefined) return undefined;
    return readFile(file).catch((cause: unknown) => {
      throw failure(file, cause);
    });
  };
  const found = { ca: await read(ca), cert: await read(cert), key: await read(key) };
  const certificates = Object.fromEntries(Object.entries(found).filter(([, content]) => content)) as Certificates;
  try {
    createSecureContext(certificates);
  } catch (cause) {
    throw failure([ca, cert, key].filter((file) => file !== undefined).join(', '), cause);
  }
  return certificates;
}
