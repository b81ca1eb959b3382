// SPDX-License-Identifier: Apache-2.0
import type { Delivery, Signal } from '../push/index.ts';
import type { Certificates } from './tls.ts';

/** Takes requests, in protobuf, to the other end. */
export interface Transport {
  /** @throws never: what fails is in the result */
  send(signal: Signal, request: Buffer, abort: AbortSignal): Promise<Delivery>;
  close(): void;
}

export interface TransportOptions {
  /** Name of the sink. */
  sink: string;
  endpoint: URL;
  headers: Readonly<Record<string, string>>;
  compression: 'gzip' | 'none';
  certificates: Certificates;
}
