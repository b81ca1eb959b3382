// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Child, run } from './child.ts';
import { parseExposition } from './exposition.ts';
import type { Exposition } from './exposition.ts';
import { parseProtobufExposition } from './exposition-protobuf.ts';
import type { ProtobufFamily } from './exposition-protobuf.ts';
import { ask } from './http.ts';
import type { Answer } from './http.ts';
import { sondeCommand } from './paths.ts';
import { Rest } from './rest.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { waitFor } from './wait.ts';

/** `sonde.yaml` as an object: keys beside these are passed on as they are. */
export interface TestConfig {
  probes?: Record<string, unknown>;
  allow?: string[];
  [key: string]: unknown;
}

export const accept = {
  text: 'text/plain;version=0.0.4',
  openMetrics: 'application/openmetrics-text;version=1.0.0',
  protobuf: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
} as const;

/** A folder with a configuration whose socket, token, state, log and ports collide with nobody's. */
export interface HostFolder extends Disposable {
  path: string;
  config: string;
  socket: string;
  tokenFile: string;
  log: string;
  metricsPort: number;
  controlPort: number;
  /** Writes `sonde.yaml` with the same places and other content. */
  write(config: TestConfig): void;
}

/** Lays out the folder of a host without starting one. */
export async function hostFolder(config: TestConfig = {}): Promise<HostFolder> {
  const folder = temporaryFolder();
  const [metricsPort, controlPort] = await freePorts(2);
  const place = (name: string): string => join(folder.path, name);
  const fixed = {
    control: { socket: place('sonde.sock'), group: 'root', listen: `127.0.0.1:${controlPort}`, tokenFile: place('token') },
    sinks: { prometheus: { listen: `127.0.0.1:${metricsPort}` }, log: { path: place('events.jsonl') } },
    state: place('state'),
  };
  const write = (content: TestConfig): void =>
    writeFileSync(place('sonde.yaml'), JSON.stringify({ apiVersion: 'sonde/v1', ...fixed, ...content }, undefined, 2));
  write(config);
  return {
    path: folder.path,
    config: place('sonde.yaml'),
    socket: place('sonde.sock'),
    tokenFile: place('token'),
    log: place('events.jsonl'),
    metricsPort,
    controlPort,
    write,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** How a host is started. */
export interface HostStart {
  /** Options of Node.js. */
  node?: readonly string[];
  /** A command and its arguments that the host is run by, such as `unshare --uts`. */
  under?: readonly string[];
  /** Milliseconds until it is given up. Default 30 000. */
  timeout?: number;
}

/**
 * Starts the real host as a program of its own and waits until its probes have settled.
 * It ends with its scope: `await using host = await startHost({ … })`.
 *
 * @throws Error with the host's output if it ends before it is ready
 */
export async function startHost(config: TestConfig = {}, start: HostStart = {}): Promise<Host> {
  const host = new Host(await hostFolder(config), start);
  try {
    await host.ready(start.timeout);
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
  return host;
}

/** A host that runs. */
export class Host implements AsyncDisposable {
  readonly folder: HostFolder;
  /** REST over the unix socket. */
  readonly rest: Rest;
  child: Child;
  readonly #how: HostStart;

  constructor(folder: HostFolder, how: HostStart = {}) {
    this.folder = folder;
    this.#how = how;
    this.rest = new Rest({ socketPath: folder.socket });
    this.child = this.#start();
  }

  get pid(): number {
    return this.child.pid;
  }

  /** All that the host printed. */
  get output(): string {
    return this.child.stdout + this.child.stderr;
  }

  get token(): string {
    return readFileSync(this.folder.tokenFile, 'utf8').trim();
  }

  /** REST over TCP with the token. */
  get tcp(): Rest {
    return this.tcpWith({ authorization: `Bearer ${this.token}` });
  }

  /** REST over TCP with headers of the caller's. */
  tcpWith(headers: Record<string, string>): Rest {
    return new Rest({ host: '127.0.0.1', port: this.folder.controlPort }, headers);
  }

  /** Resolves when every probe has settled. */
  async ready(timeout = 30_000): Promise<void> {
    await waitFor('the host is ready', async () => {
      if (this.child.ended) return true;
      return (await this.rest.get('/readyz')).status === 200;
    }, { timeout });
    if (this.child.ended) throw new Error(`the host ended (${await this.child.exited}):\n${this.output}`);
  }

  /** Starts the host again in the same folder, after it has ended. */
  async restart(): Promise<void> {
    if (!this.child.ended) throw new Error('the host still runs');
    this.child = this.#start();
    await this.ready();
  }

  /** `GET /metrics` as it comes. */
  fetchMetrics(headers: Record<string, string> = {}): Promise<Answer> {
    return ask({ host: '127.0.0.1', port: this.folder.metricsPort }, '/metrics', { headers });
  }

  /** A scrape in text 0.0.4, read. What is younger than a second is shared with other readers: see `settle`. */
  async scrape(format: 'text' | 'openMetrics' = 'text'): Promise<Exposition> {
    return parseExposition((await this.#metrics(accept[format])).toString());
  }

  /** A scrape in the protobuf form, with native histograms. */
  async scrapeProtobuf(): Promise<Map<string, ProtobufFamily>> {
    return parseProtobufExposition(await this.#metrics(accept.protobuf));
  }

  /** Scrapes until `condition` holds, and resolves with that scrape. Snapshots are shared for a second, so it may take that. */
  scrapeUntil(what: string, condition: (scrape: Exposition) => boolean, timeout = 10_000): Promise<Exposition> {
    const attempt = async (): Promise<Exposition | undefined> => {
      const scrape = await this.scrape();
      return condition(scrape) ? scrape : undefined;
    };
    return waitFor(what, attempt, { timeout, every: 200 });
  }

  /** The status of a probe, `GET /v1/probes/{name}`. */
  async probe(name: string): Promise<RestProbe> {
    const answer = await this.rest.get(`/v1/probes/${name}`);
    if (answer.status !== 200) throw new Error(`probe ${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as RestProbe;
  }

  /** The events that the log sink has written so far. */
  events(): Record<string, unknown>[] {
    if (!existsSync(this.folder.log)) return [];
    const lines = readFileSync(this.folder.log, 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** How many threads the host has. */
  async threads(): Promise<number> {
    return (await readdir(`/proc/${this.pid}/task`)).length;
  }

  /** Runs the `sonde` command against this host and resolves with its output. */
  sonde(...args: string[]): Promise<string> {
    return run(process.execPath, [sondeCommand, ...args, '--socket', this.folder.socket]);
  }

  /** Ends the host as a service manager would. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    return this.child.stop(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }

  #start(): Child {
    const { under = [], node = [] } = this.#how;
    const [command, ...args] = [...under, process.execPath, ...node, sondeCommand, 'run', '--config', this.folder.config];
    return new Child(command, args);
  }

  async #metrics(accepted: string): Promise<Buffer> {
    const answer = await this.fetchMetrics({ accept: accepted, 'accept-encoding': 'gzip' });
    if (answer.status !== 200) throw new Error(`scrape: ${answer.status} ${answer.bytes.toString()}`);
    const type = String(answer.headers['content-type']);
    if (!type.startsWith(accepted.split(';')[0] ?? '')) throw new Error(`asked for ${accepted}, got ${type}`);
    return answer.headers['content-encoding'] === 'gzip' ? gunzipSync(answer.bytes) : answer.bytes;
  }
}

/** What tests look at in the status of a probe. */
export interface RestProbe {
  name: string;
  state: string;
  error?: { code: string; message: string; place?: string; hint?: string };
  warnings: string[];
  desired: { enabled: boolean; collectors: Record<string, boolean>; params: Record<string, unknown> };
  origins: Record<string, string>;
  programs: {
    collector: string;
    task: string;
    program?: string;
    attach?: string;
    state: string;
    optional: boolean;
    reasons: { program: string; attach: string; code: string; reason: string }[];
    id?: number;
  }[];
  maps: { name: string; type: string; entries: number; maxEntries: number; bytes: number }[];
  series: number;
  loss: { stage: string; cause: string; sink?: string; count: number }[];
}

/** Ports of the loopback address that are free now. */
export async function freePorts(count: 2): Promise<[number, number]>;
export async function freePorts(count: number): Promise<number[]>;
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listen(): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
