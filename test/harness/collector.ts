// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child, run } from './child.ts';
import { goComponent } from './go-component.ts';
import { freePorts } from './host.ts';
import { repository } from './paths.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { findTool } from './tools.ts';
import { waitFor } from './wait.ts';

const template = join(repository, 'test/components/otelcol/config.yaml');

export type Attributes = Record<string, string | number | boolean>;

/** A data point, with the metric and resource that it belongs to. */
export interface Point {
  resource: Attributes;
  scope: string;
  name: string;
  unit: string;
  type: 'gauge' | 'sum' | 'exponentialHistogram';
  /** 1 = delta, 2 = cumulative. */
  temporality?: number;
  isMonotonic?: boolean;
  attributes: Attributes;
  /** Nanoseconds since 1970, in digits. */
  start: string;
  time: string;
  value?: number;
  exemplars: { traceId: string; spanId: string; value: number; time: string }[];
  histogram?: { count: number; sum: number; scale: number; zeroCount: number; offset: number; buckets: number[] };
}

export interface LogRecord {
  resource: Attributes;
  scope: string;
  time: string;
  severityNumber: number;
  severityText: string;
  eventName: string;
  body?: string;
  attributes: Attributes;
}

export interface Span {
  resource: Attributes;
  scope: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  start: string;
  end: string;
  attributes: Attributes;
  status: { code?: number; message?: string };
}

/**
 * Starts an OpenTelemetry Collector that writes what it receives to files. The first call of all builds it, which takes
 * minutes.
 */
export async function startCollector(): Promise<Collector> {
  const program = await goComponent('otelcol');
  const folder = temporaryFolder();
  const [grpc, http, grpcTls, httpTls] = (await freePorts(4)) as [number, number, number, number];
  const collector = new Collector(program, folder, { grpc, http, grpcTls, httpTls });
  try {
    await collector.layOut();
    await collector.start();
  } catch (error) {
    await collector[Symbol.asyncDispose]();
    throw error;
  }
  return collector;
}

/** A Collector that runs, unless it was stopped. */
export class Collector implements AsyncDisposable {
  readonly ports: { grpc: number; http: number; grpcTls: number; httpTls: number };
  readonly #program: string;
  readonly #folder: { path: string } & Disposable;
  #child: Child | undefined;

  constructor(program: string, folder: { path: string } & Disposable, ports: Collector['ports']) {
    this.#program = program;
    this.#folder = folder;
    this.ports = ports;
  }

  /** In the clear; `tls` asks for a certificate of the client. */
  get http(): string {
    return `http://127.0.0.1:${this.ports.http}`;
  }

  get grpc(): string {
    return `http://127.0.0.1:${this.ports.grpc}`;
  }

  get httpTls(): string {
    return `https://127.0.0.1:${this.ports.httpTls}`;
  }

  get grpcTls(): string {
    return `https://127.0.0.1:${this.ports.grpcTls}`;
  }

  /** Files (PEM): what signed its certificate, and a pair that it accepts of a client. */
  get certificates(): { ca: string; cert: string; key: string } {
    const place = (name: string): string => join(this.#folder.path, name);
    return { ca: place('cert.pem'), cert: place('cert.pem'), key: place('key.pem') };
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async layOut(): Promise<void> {
    const { ca, key } = this.certificates;
    const pair = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', ca];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    await run(findTool('openssl'), ['req', '-x509', '-days', '2', ...pair, ...subject]);
    const values: Record<string, number> = this.ports;
    const config = readFileSync(template, 'utf8').replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
    writeFileSync(join(this.#folder.path, 'config.yaml'), config);
  }

  /** Starts it, also again after `stop`: what it has written is still there. */
  async start(): Promise<void> {
    const child = new Child(this.#program, ['--config', 'config.yaml'], { cwd: this.#folder.path });
    this.#child = child;
    await waitFor(
      'the Collector is ready',
      () => {
        if (child.ended) throw new Error(`the Collector ended:\n${child.stderr}`);
        return child.stderr.includes('Everything is ready');
      },
      { timeout: 20_000 },
    );
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#child?.stop(signal);
  }

  /** Data points that it has written, one list for each request. */
  requests(): Point[][] {
    return this.#lines('metrics').map((line) => [...points(line)]);
  }

  points(): Point[] {
    return this.requests().flat();
  }

  logs(): LogRecord[] {
    return this.#lines('logs').flatMap((line) =>
      [...records(line, 'resourceLogs', 'scopeLogs', 'logRecords')].map(logRecord),
    );
  }

  spans(): Span[] {
    return this.#lines('traces').flatMap((line) =>
      [...records(line, 'resourceSpans', 'scopeSpans', 'spans')].map(span),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }

  #lines(signal: string): Json[] {
    const file = join(this.#folder.path, `${signal}.jsonl`);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line): Json => JSON.parse(line));
  }
}

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;

interface Placed {
  resource: Attributes;
  scope: string;
  record: Json;
}

function* records(line: Json, resources: string, scopes: string, list: string): Generator<Placed> {
  for (const ofResource of line[resources] ?? []) {
    const resource = attributes(ofResource.resource?.attributes);
    for (const ofScope of ofResource[scopes] ?? []) {
      for (const record of ofScope[list] ?? []) yield { resource, scope: ofScope.scope?.name ?? '', record };
    }
  }
}

function* points(line: Json): Generator<Point> {
  for (const { resource, scope, record } of records(line, 'resourceMetrics', 'scopeMetrics', 'metrics')) {
    for (const type of ['gauge', 'sum', 'exponentialHistogram'] as const) {
      const data = record[type];
      for (const point of data?.dataPoints ?? []) {
        yield {
          resource,
          scope,
          name: record.name,
          unit: record.unit ?? '',
          type,
          temporality: data.aggregationTemporality,
          isMonotonic: data.isMonotonic,
          attributes: attributes(point.attributes),
          start: point.startTimeUnixNano ?? '0',
          time: point.timeUnixNano,
          exemplars: (point.exemplars ?? []).map(exemplar),
          ...(type === 'exponentialHistogram' ? { histogram: histogram(point) } : { value: point.asDouble }),
        };
      }
    }
  }
}

function exemplar({ traceId, spanId, asDouble: value, timeUnixNano: time }: Json): Point['exemplars'][number] {
  return { traceId, spanId, value, time };
}

function histogram(point: Json): Point['histogram'] {
  const { offset = 0, bucketCounts = [] } = point.positive ?? {};
  return {
    count: Number(point.count ?? 0),
    sum: point.sum,
    scale: point.scale ?? 0,
    zeroCount: Number(point.zeroCount ?? 0),
    offset,
    buckets: bucketCounts.map(Number),
  };
}

function logRecord({ resource, scope, record }: Placed): LogRecord {
  const { timeUnixNano: time, severityNumber, severityText, eventName, body } = record;
  const text = body === undefined ? {} : { body: String(anyValue(body)) };
  return {
    resource,
    scope,
    time,
    severityNumber,
    severityText,
    eventName,
    ...text,
    attributes: attributes(record.attributes),
  };
}

function span({ resource, scope, record }: Placed): Span {
  const {
    traceId,
    spanId,
    parentSpanId = '',
    name,
    kind,
    startTimeUnixNano: start,
    endTimeUnixNano: end,
    status,
  } = record;
  const fields = { traceId, spanId, parentSpanId, name, kind, start, end };
  return { resource, scope, ...fields, attributes: attributes(record.attributes), status: status ?? {} };
}

function attributes(list: Json[] = []): Attributes {
  return Object.fromEntries(list.map(({ key, value }) => [key, anyValue(value)]));
}

function anyValue({ stringValue, intValue, doubleValue, boolValue }: Json): string | number | boolean {
  if (intValue !== undefined) return Number(intValue);
  return stringValue ?? doubleValue ?? boolValue;
}
