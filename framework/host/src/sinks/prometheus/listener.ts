// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { sondeError } from '@sonde/kit';
import { formatListenAddress } from '../../config/listen-address.ts';
import type { ListenAddress, Tls } from '../../config/types.ts';

const LIMITS: ServerOptions = {
  requestTimeout: 10_000,
  headersTimeout: 5000,
  connectionsCheckingInterval: 1000,
  // Longer than the usual scrape interval, so that Prometheus keeps its connection.
  keepAliveTimeout: 75_000,
};
/** A client that takes nothing for so long is cut off. */
const IDLE_MILLISECONDS = 90_000;
const MOST_CONNECTIONS = 64;
const CLOSE_MILLISECONDS = 1000;

/** @param setting Where the address stands in sonde.yaml. @throws SONDE_PORT_IN_USE, SONDE_LISTEN_FAILED */
export async function listen(
  { address, tls, setting }: { address: ListenAddress; tls?: Tls | undefined; setting: string },
  handler: RequestListener,
): Promise<Server> {
  const text = formatListenAddress(address);
  try {
    const server = tls ? createTlsServer(await tlsOptions(tls), handler) : createServer(LIMITS, handler);
    server.maxConnections = MOST_CONNECTIONS;
    server.setTimeout(IDLE_MILLISECONDS);
    server.listen(address.port, address.host);
    await once(server, 'listening');
    return server;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw sondeError('SONDE_PORT_IN_USE', { address: text, setting }, { cause });
    throw sondeError('SONDE_LISTEN_FAILED', { address: text, reason: message, setting }, { cause });
  }
}

async function tlsOptions({
  cert,
  key,
}: Tls): Promise<ServerOptions & { cert: Buffer; key: Buffer; minVersion: 'TLSv1.2' }> {
  const [certificate, privateKey] = await Promise.all([readFile(cert), readFile(key)]);
  return { ...LIMITS, cert: certificate, key: privateKey, minVersion: 'TLSv1.2' };
}

/** Lets answers under way finish for a moment, then closes every connection. */
export async function stopListening(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MILLISECONDS);
  await closed;
  clearTimeout(timer);
}
