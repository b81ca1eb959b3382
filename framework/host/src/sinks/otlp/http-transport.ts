// SPDX-License-Identifier: Apache-2.0
import * as http from 'node:http';
import * as https from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Delivery, Signal } from '../push/index.ts';
import { accepted, readStatus } from './answers.ts';
import { busyError, connectionError, deniedError, refusedError, withoutCredentials, type Place } from './failures.ts';
import type { Transport, TransportOptions } from './transport.ts';

const PATHS: Record<Signal, string> = { metrics: '/v1/metrics', events: '/v1/logs', spans: '/v1/traces' };
/** By the specification of OTLP/HTTP. */
const PASSING = new Set([429, 502, 503, 504]);
const DENIED = new Set([401, 403]);
/** What is read of an answer. */
const LONGEST_ANSWER = 65_536;

const compress = promisify(gzip);
/** Telemetry is repetitive: higher levels cost much and gain little. */
const GZIP = { level: 1 };

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/** OTLP over HTTP with protobuf. */
export class HttpTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #agent: http.Agent;
  readonly #isSecure: boolean;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#isSecure = options.endpoint.protocol === 'https:';
    const { Agent } = this.#isSecure ? https : http;
    this.#agent = new Agent({ keepAlive: true, ...options.certificates });
  }

  async send(signal: Signal, request: Buffer, abort: AbortSignal): Promise<Delivery> {
    const url = this.#url(signal);
    const place = { sink: this.#options.sink, where: withoutCredentials(url.href) };
    try {
      return read(place, signal, await this.#post(url, request, abort));
    } catch (thrown) {
      return { outcome: 'retry', error: connectionError(place, thrown as Error) };
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #url(signal: Signal): URL {
    const url = new URL(this.#options.endpoint);
    url.pathname = url.pathname.replace(/\/$/, '') + PATHS[signal];
    return url;
  }

  async #post(url: URL, request: Buffer, signal: AbortSignal): Promise<Answer> {
    const { headers, compression } = this.#options;
    const body = compression === 'gzip' ? await compress(request, GZIP) : request;
    const all = {
      ...headers,
      'content-type': 'application/x-protobuf',
      'content-length': body.length,
      ...(compression === 'gzip' && { 'content-encoding': 'gzip' }),
    };
    return new Promise((resolve, reject) => {
      const { request: begin } = this.#isSecure ? https : http;
      const outgoing = begin(url, { method: 'POST', headers: all, agent: this.#agent, signal }, (incoming) => {
        receive(incoming).then(
          (answer) => resolve({ status: incoming.statusCode!, headers: incoming.headers, body: answer }),
          reject,
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}

async function receive(incoming: http.IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    if (length < LONGEST_ANSWER) parts.push(part);
    length += part.length;
  }
  return Buffer.concat(parts);
}

function read(place: Place, signal: Signal, { status, headers, body }: Answer): Delivery {
  if (status >= 200 && status < 300) return accepted(place, signal, body);
  const isProtobuf = headers['content-type']?.includes('protobuf') === true;
  const reason = `HTTP ${status} ${isProtobuf ? readStatus(body).message : body.toString()}`;
  if (PASSING.has(status)) {
    const after = retryAfter(headers['retry-after']);
    return { outcome: 'retry', error: busyError(place, reason), ...(after !== undefined && { after }) };
  }
  if (DENIED.has(status)) return { outcome: 'refused', error: deniedError(place, reason) };
  return { outcome: 'refused', error: refusedError(place, signal, reason) };
}

/** Milliseconds from seconds or a date. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return milliseconds >= 0 ? milliseconds : undefined;
}
