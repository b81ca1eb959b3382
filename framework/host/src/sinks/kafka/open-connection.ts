// SPDX-License-Identifier: Apache-2.0
import { sondeError } from '@sonde/kit';
import { readFile } from 'node:fs/promises';
import type { KafkaSinkConfig, Sasl } from '../../config/types.ts';
import { readCertificates } from '../otlp/tls.ts';
import type { KafkaConnection, KafkaCredentials } from './transport.ts';

/**
 * Reads the certificates and the password that the configuration names.
 * @param sink its name
 * @throws SONDE_SINK_TLS_FILE, SONDE_FILE_UNREADABLE
 */
export async function connectionOf(sink: string, config: KafkaSinkConfig): Promise<KafkaConnection> {
  const { driver, brokers, clientId, acks, compression, timeout, tls, sasl } = config;
  return {
    driver,
    brokers,
    clientId,
    acks,
    compression,
    timeout,
    ...(tls && { tls: await readCertificates(sink, tls) }),
    ...(sasl && { sasl: await readPassword(sasl) }),
  };
}

async function readPassword({ mechanism, username, password, passwordFile: file }: Sasl): Promise<KafkaCredentials> {
  if (file === undefined) return { mechanism, username, password: password ?? '' };
  try {
    return { mechanism, username, password: (await readFile(file, 'utf8')).trimEnd() };
  } catch (cause) {
    throw sondeError('SONDE_FILE_UNREADABLE', { file, reason: (cause as Error).message }, { cause });
  }
}
