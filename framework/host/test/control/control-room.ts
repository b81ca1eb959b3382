// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigStore } from '../../src/config/config-store.ts';
import { EventStreams } from '../../src/control/event-streams.ts';
import { startControl } from '../../src/control/server.ts';
import type { ControlServer, KernelReport } from '../../src/control/types.ts';
import { MemoryProbes } from './memory-probes.ts';

const kernel: KernelReport = {
  release: '6.18.0',
  architecture: 'x64',
  features: { btf: true },
  programTypes: {},
  mapTypes: { hash: null },
};

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  // Tests look into answers of every shape.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
}

/** A control room with its own folder, socket and port. */
export class ControlRoom {
  readonly folder: string;
  readonly probes: MemoryProbes;
  readonly store: ConfigStore;
  readonly server: ControlServer;
  /** Not open: events come once a test opens it. */
  readonly events: EventStreams;
  /** What the room says of itself at `/readyz`. */
  readonly state: { isReady: boolean };

  private constructor(parts: Pick<ControlRoom, 'folder' | 'probes' | 'store' | 'server' | 'events' | 'state'>) {
    ({ folder: this.folder, probes: this.probes, store: this.store, server: this.server } = parts);
    ({ events: this.events, state: this.state } = parts);
  }

  /**
   * @param control keys of the section `control`
   * @param probes as `sonde.yaml` has them
   */
  static async open(control: object = {}, probes: object = { fsync: { package: './fsync' } }): Promise<ControlRoom> {
    const folder = await mkdtemp(join(tmpdir(), 'sonde-control-'));
    const file = join(folder, 'sonde.yaml');
    const defaults = { socket: 'sonde.sock', tokenFile: 'token', group: 'no-such-group', listen: '127.0.0.1:0' };
    const config = { apiVersion: 'sonde/v1', state: 'state', control: { ...defaults, ...control }, probes };
    // JSON is YAML.
    await writeFile(file, JSON.stringify(config));
    const running = new MemoryProbes();
    const store = await ConfigStore.open(file);
    await store.start(running);
    const state = { isReady: true };
    const events = new EventStreams();
    try {
      const server = await startControl({
        store,
        probes: running,
        sinks: () => [{ name: 'log', type: 'log', state: 'running', where: 'stdout' }],
        events,
        isReady: () => state.isReady,
        kernel: async () => kernel,
        version: '1.2.3',
      });
      return new ControlRoom({ folder, probes: running, store, server, events, state });
    } catch (error) {
      await store.stop();
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  get socket(): string {
    return this.server.socket;
  }

  async token(): Promise<string> {
    return (await readFile(join(this.folder, 'token'), 'utf8')).trim();
  }

  overSocket(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return exchange({ socketPath: this.socket, method, path, headers }, body);
  }

  async overTcp(method: string, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Answer> {
    return exchange({ ...this.server.address, method, path, headers }, body);
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.store.stop();
    await rm(this.folder, { recursive: true });
  }
}

/** Sends one request; a body that is no string goes as JSON. */
export function exchange(options: RequestOptions, body?: unknown): Promise<Answer> {
  const isText = body === undefined || typeof body === 'string';
  const type = isText ? {} : { 'Content-Type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, headers: { ...type, ...(options.headers as object) } }, async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text && JSON.parse(text) });
    });
    sent.on('error', reject);
    sent.end(isText ? body : JSON.stringify(body));
  });
}
