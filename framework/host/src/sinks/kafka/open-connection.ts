// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import type { KafkaOptions, KafkaSasl, KafkaTls } from './options.ts';
import type { KafkaConnection, KafkaCredentials } from './transport.ts';

/**
 * Reads the certificates and the password that the options name.
 * @throws SONDE_FILE_UNREADABLE
 */
export async function connectionOf(options: KafkaOptions): Promise<KafkaConnection> {
  const { driver, brokers, clientId, acks, compression, timeout, tls, sasl } = options;
  return {
    driver,
    brokers,
    clientId,
    acks,
    compression,
    timeout,
    ...(tls && { tls: await readTls(tls) }),
    ...(sasl && { sasl: await readPassword(sasl) }),
  };
}

async function readTls({ ca, cert, key, serverName }: KafkaTls): Promise<ConnectionOptions> {
  return {
    ...(ca && { ca: await read(ca) }),
    ...(cert && { cert: await read(cert) }),
    ...(key && { key: await read(key) }),
    ...(serverName && { servername: serverName }),
  };
}

async function readPassword({ mechanism, username, password, passwordFile }: KafkaSasl): Promise<KafkaCredentials> {
  return { mechanism, username, password: passwordFile ? (await read(passwordFile)).trimEnd() : (password ?? '') };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw sondeError('SONDE_FILE_UNREADABLE', { file, reason: (cause as Error).message }, { cause });
  }
}
