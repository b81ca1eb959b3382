// SPDX-License-Identifier: Apache-2.0
import type * as Grpc from '@grpc/grpc-js';
import type { Delivery, Signal } from '../push/index.ts';
import { accepted, readStatus } from './answers.ts';
import { busyError, connectionError, deniedError, refusedError, type Place } from './failures.ts';
import type { Transport, TransportOptions } from './transport.ts';

const PATHS: Record<Signal, string> = {
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  events: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  spans: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
};
/** CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS: by the specification of OTLP/gRPC. */
const PASSING = new Set([1, 4, 10, 11, 14, 15]);
/** Passes if the answer says when. */
const RESOURCE_EXHAUSTED = 8;
/** PERMISSION_DENIED, UNAUTHENTICATED */
const DENIED = new Set([7, 16]);
/** UNAVAILABLE that comes from the connection, and not from who is at its other end. */
const NO_CONNECTION = /No connection established|Name resolution failed|ECONN|socket|Connection dropped|TLS/;
const DETAILS = 'grpc-status-details-bin';
/** The library's own is 2 minutes. */
const LONGEST_RECONNECT_MILLISECONDS = 5000;

/** OTLP over gRPC. */
export class GrpcTransport implements Transport {
  readonly #grpc: typeof Grpc;
  readonly #options: TransportOptions;
  readonly #metadata: Grpc.Metadata;
  #client: Grpc.Client | undefined;

  private constructor(grpc: typeof Grpc, options: TransportOptions) {
    this.#grpc = grpc;
    this.#options = options;
    this.#metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(options.headers)) this.#metadata.set(name, value);
  }

  /** The library is loaded only where it is used. */
  static async create(options: TransportOptions): Promise<GrpcTransport> {
    return new GrpcTransport(await import('@grpc/grpc-js'), options);
  }

  send(signal: Signal, request: Buffer, abort: AbortSignal): Promise<Delivery> {
    const { sink, endpoint } = this.#options;
    const place = { sink, where: endpoint.origin };
    return new Promise((resolve) => {
      const client = (this.#client ??= this.#connect());
      const call = client.makeUnaryRequest<Buffer, Buffer>(
        PATHS[signal],
        (bytes) => bytes,
        (bytes) => bytes,
        request,
        this.#metadata,
        (error, response) => {
          abort.removeEventListener('abort', cancel);
          resolve(error ? read(place, signal, error) : accepted(place, signal, response ?? Buffer.alloc(0)));
        },
      );
      // a connection on which nothing is answered may be dead: the next request gets a new one
      const cancel = (): void => {
        call.cancel();
        if (this.#client === client) this.close();
      };
      abort.addEventListener('abort', cancel, { once: true });
    });
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  #connect(): Grpc.Client {
    const { endpoint, certificates, compression } = this.#options;
    const { Client, credentials, compressionAlgorithms } = this.#grpc;
    const { ca, cert, key } = certificates;
    const secure = endpoint.protocol === 'https:' ? credentials.createSsl(ca, key, cert) : credentials.createInsecure();
    const port = endpoint.port || (endpoint.protocol === 'https:' ? '443' : '80');
    return new Client(`${endpoint.hostname}:${port}`, secure, {
      'grpc.max_reconnect_backoff_ms': LONGEST_RECONNECT_MILLISECONDS,
      ...(compression === 'gzip' && { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip }),
    });
  }
}

function read(place: Place, signal: Signal, error: Grpc.ServiceError): Delivery {
  const { details, metadata } = error;
  const code: number = error.code;
  const reason = `gRPC status ${code}: ${details}`;
  const [status] = metadata.get(DETAILS);
  const after = Buffer.isBuffer(status) ? readStatus(status).retryAfter : undefined;
  if (PASSING.has(code) || (code === RESOURCE_EXHAUSTED && after !== undefined)) {
    const failure = NO_CONNECTION.test(details) ? connectionError(place, new Error(details)) : busyError(place, reason);
    return { outcome: 'retry', error: failure, ...(after !== undefined && { after }) };
  }
  if (DENIED.has(code)) return { outcome: 'refused', error: deniedError(place, reason) };
  return { outcome: 'refused', error: refusedError(place, signal, reason) };
}
