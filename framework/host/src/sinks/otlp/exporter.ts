// SPDX-License-Identifier: Apache-2.0
import type { OtlpSinkConfig } from '../../config/types.ts';
import type { EventRecord, SpanRecord } from '../../events/index.ts';
import type { Identity } from '../../identity/types.ts';
import {
  CHUNK_BYTES,
  CHUNK_RECORDS,
  type Chunk,
  type Delivery,
  type Exporter,
  type MetricExport,
  type Signal,
} from '../push/index.ts';
import { withoutCredentials } from './failures.ts';
import { GrpcTransport } from './grpc-transport.ts';
import { HttpTransport } from './http-transport.ts';
import { logChunks } from './log-writer.ts';
import { metricChunks } from './metric-writer.ts';
import { spanChunks } from './span-writer.ts';
import { readCertificates } from './tls.ts';
import type { Transport } from './transport.ts';

/** Writes series, events and spans as OTLP, and sends them. */
export class OtlpExporter implements Exporter<Buffer> {
  readonly limits = { records: CHUNK_RECORDS, bytes: CHUNK_BYTES };
  readonly #sink: string;
  readonly #config: OtlpSinkConfig;
  readonly #identity: Pick<Identity, 'labels'>;
  #transport: Transport | undefined;

  constructor(sink: string, config: OtlpSinkConfig, identity: Pick<Identity, 'labels'>) {
    this.#sink = sink;
    this.#config = config;
    this.#identity = identity;
  }

  get where(): string {
    const { endpoint, protocol } = this.#config;
    return protocol === 'grpc' ? `${new URL(endpoint).origin} (gRPC)` : withoutCredentials(endpoint);
  }

  events(events: readonly EventRecord[]): Iterable<Chunk<Buffer> | undefined> {
    return logChunks(events, this.#identity);
  }

  spans(spans: readonly SpanRecord[]): Iterable<Chunk<Buffer> | undefined> {
    return spanChunks(spans, this.#identity);
  }

  metrics(exported: MetricExport): Iterable<Chunk<Buffer> | undefined> {
    const { temporality } = this.#config;
    return metricChunks(exported, { temporality, host: () => this.#identity.labels(0) });
  }

  /** @throws SONDE_SINK_TLS_FILE */
  async open(): Promise<void> {
    const { endpoint, protocol, headers, compression, tls } = this.#config;
    const certificates = await readCertificates(this.#sink, tls);
    const options = { sink: this.#sink, endpoint: new URL(endpoint), headers, compression, certificates };
    this.#transport = protocol === 'grpc' ? await GrpcTransport.create(options) : new HttpTransport(options);
  }

  send(signal: Signal, chunks: readonly Chunk<Buffer>[], abort: AbortSignal): Promise<Delivery> {
    const [only, ...more] = chunks;
    const request = more.length === 0 ? only!.payload : Buffer.concat(chunks.map(({ payload }) => payload));
    return this.#transport!.send(signal, request, abort);
  }

  async close(): Promise<void> {
    this.#transport?.close();
    this.#transport = undefined;
  }
}
