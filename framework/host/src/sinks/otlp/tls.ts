// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import { readFile } from 'node:fs/promises';
import { createPrivateKey, X509Certificate } from 'node:crypto';
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
  const checked = async (
    file: string | undefined,
    check: (content: Buffer) => unknown,
  ): Promise<Buffer | undefined> => {
    if (file === undefined) return undefined;
    try {
      const content = await readFile(file);
      check(content);
      return content;
    } catch (cause) {
      throw failure(file, cause);
    }
  };
  // a secure context takes authorities that are none in silence
  const isCertificate = (content: Buffer): unknown => new X509Certificate(content);
  const authorities = await checked(ca, isCertificate);
  const own = { cert: await checked(cert, isCertificate), key: await checked(key, createPrivateKey) };
  if (own.cert && own.key) {
    try {
      createSecureContext({ cert: own.cert, key: own.key });
    } catch (cause) {
      throw failure(`${cert} with ${key}`, cause);
    }
  }
  return { ...(authorities && { ca: authorities }), ...(own.cert && own.key && { cert: own.cert, key: own.key }) };
}
