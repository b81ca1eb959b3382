// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, STATUS_CODES, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { sondeError, type SondeError } from '@sonde/kit';
import { formatListenAddress } from '../config/listen-address.ts';
import type { ControlConfig } from '../config/types.ts';
import { type GuardOptions, refusal } from './guard.ts';
import { handlerFor } from './handler.ts';
import { problemOf } from './problem.ts';
import { obtainToken } from './token.ts';
import type { ControlOptions, ControlServer } from './types.ts';
import { makeRoom, openToGroup } from './unix-socket.ts';

/** Seconds in which a whole request has to be here. */
const requestTimeout = 10;

/** Milliseconds that open requests get when the host stops. */
const closeTimeout = 2000;

const limits: ServerOptions = {
  requestTimeout: requestTimeout * 1000,
  headersTimeout: 5000,
  connectionsCheckingInterval: 1000,
};

/**
 * Starts the REST API on the unix socket and on TCP.
 * @throws SONDE_SOCKET_IN_USE, SONDE_PORT_IN_USE, SONDE_LISTEN_FAILED, SONDE_TOKEN_FILE
 */
export async function startControl(options: ControlOptions): Promise<ControlServer> {
  const { control } = options.store.config;
  await makeRoom(control.socket);
  const tcp = await createTcpServer(options, control);
  await listenOnTcp(tcp, control);
  const unix = harden(
    createServer(
      limits,
      handlerFor(options, () => undefined),
    ),
  );
  try {
    const warning = await listenOnSocket(unix, control);
    const { address: host, port } = tcp.address() as AddressInfo;
    const servers = [tcp, unix];
    return {
      socket: control.socket,
      address: { host, port },
      warnings: warning === undefined ? [] : [warning],
      close: async () => void (await Promise.all(servers.map(close))),
    };
  } catch (error) {
    await close(tcp);
    throw error;
  }
}

async function createTcpServer(options: ControlOptions, control: ControlConfig): Promise<Server> {
  const { tokenFile, tls, listen } = control;
  const token = { value: await obtainToken(tokenFile), file: tokenFile };
  if (!tls) {
    const admit: GuardOptions = { token, names: { host: listen.host } };
    return harden(
      createServer(
        limits,
        handlerFor(options, (request) => refusal(request, admit)),
      ),
    );
  }
  try {
    const [cert, key] = await Promise.all([readFile(tls.cert), readFile(tls.key)]);
    const admit: GuardOptions = { token, names: { host: listen.host, certificate: new X509Certificate(cert) } };
    const tlsOptions = { ...limits, cert, key, minVersion: 'TLSv1.2' } as const;
    return harden(
      createTlsServer(
        tlsOptions,
        handlerFor(options, (request) => refusal(request, admit)),
      ),
    );
  } catch (cause) {
    throw listenError(cause, formatListenAddress(listen), '`control.tls`');
  }
}

async function listenOnTcp(server: Server, { listen }: ControlConfig): Promise<void> {
  try {
    server.listen(listen.port, listen.host);
    await once(server, 'listening');
  } catch (cause) {
    throw listenError(cause, formatListenAddress(listen), '`control.listen`');
  }
}

async function listenOnSocket(server: Server, { socket, group }: ControlConfig): Promise<string | undefined> {
  // The file is made while listen() runs: until its group is set, only root may open it.
  const umask = process.umask(0o177);
  try {
    server.listen(socket);
  } finally {
    process.umask(umask);
  }
  try {
    await once(server, 'listening');
    return await openToGroup(socket, group);
  } catch (cause) {
    throw listenError(cause, socket, '`control.socket`');
  }
}

function listenError(cause: unknown, address: string, setting: string): SondeError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return sondeError('SONDE_PORT_IN_USE', { address, setting }, { cause });
  return sondeError('SONDE_LISTEN_FAILED', { address, reason: message, setting }, { cause });
}

/** Answers what is no HTTP or comes too slowly, so that nobody is left without a word. */
function harden(server: Server): Server {
  server.maxConnections = 128;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const problem = problemOf(
      isLate
        ? sondeError('SONDE_REQUEST_TIMEOUT', { seconds: requestTimeout })
        : sondeError('SONDE_REQUEST_MALFORMED', { reason: error.message }),
    );
    const body = JSON.stringify(problem);
    const head = [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
  return server;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), closeTimeout);
  await closed;
  clearTimeout(timer);
}
