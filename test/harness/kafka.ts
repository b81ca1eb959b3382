// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rename, rm } from 'node:fs/promises';
import kafkajs from 'kafkajs';
import { Child, run } from './child.ts';
import { freePorts } from './host.ts';
import { repository } from './paths.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { findTool } from './tools.ts';
import { waitFor } from './wait.ts';

const version = '4.4.0';
const component = join(repository, 'test/components/kafka');
const jars = join(repository, '.tools/cache/kafka', version);

/** Users of the SASL listener: `alice` by SCRAM, `bob` by PLAIN. */
export const users = {
  scram: { username: 'alice', password: 'alicepw' },
  plain: { username: 'bob', password: 'bobpw' },
} as const;

/** A record as kcat reads it. */
export interface ConsumedRecord {
  topic: string;
  partition: number;
  offset: number;
  /** Milliseconds since 1970. */
  ts: number;
  key: string;
  payload: string;
}

/**
 * Starts an Apache Kafka broker (KRaft, one node) with listeners in the clear, by TLS with client certificates, and by
 * SASL over TLS. The first call fetches its jars from Maven Central (43 MB) into `.tools/cache`.
 */
export async function startKafka(): Promise<Kafka> {
  await fetchJars();
  const folder = temporaryFolder();
  const [plain, tls, sasl, controller] = (await freePorts(4)) as [number, number, number, number];
  const kafka = new Kafka(folder, { plain, tls, sasl, controller });
  try {
    await kafka.format();
    await kafka.start();
  } catch (error) {
    await kafka[Symbol.asyncDispose]();
    throw error;
  }
  return kafka;
}

/** A broker that runs, unless it was stopped. */
export class Kafka implements AsyncDisposable {
  readonly ports: { plain: number; tls: number; sasl: number; controller: number };
  readonly #folder: { path: string } & Disposable;
  #child: Child | undefined;

  constructor(folder: { path: string } & Disposable, ports: Kafka['ports']) {
    this.#folder = folder;
    this.ports = ports;
  }

  /** In the clear. */
  get plain(): string {
    return `127.0.0.1:${this.ports.plain}`;
  }

  /** TLS; clients show a certificate. */
  get tls(): string {
    return `127.0.0.1:${this.ports.tls}`;
  }

  /** TLS; clients show a password. */
  get sasl(): string {
    return `127.0.0.1:${this.ports.sasl}`;
  }

  /** Files (PEM): what signed the broker's certificate, and a pair that it accepts of a client. */
  get certificates(): { ca: string; cert: string; key: string } {
    const { path } = this.#folder;
    return { ca: join(path, 'cert.pem'), cert: join(path, 'cert.pem'), key: join(path, 'key.pem') };
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Lays out certificate, configuration and an empty log with the users. */
  async format(): Promise<void> {
    const { path } = this.#folder;
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      join(path, 'key.pem'),
    ];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    await run(findTool('openssl'), ['req', '-x509', '-days', '2', ...key, ...subject, '-out', join(path, 'cert.pem')]);
    writeFileSync(
      join(path, 'server.pem'),
      readFileSync(join(path, 'key.pem'), 'utf8') + readFileSync(join(path, 'cert.pem'), 'utf8'),
    );

    const values: Record<string, string | number> = { ...this.ports, folder: path };
    const template = readFileSync(join(component, 'server.properties'), 'utf8');
    writeFileSync(
      join(path, 'server.properties'),
      template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name])),
    );

    const { username, password } = users.scram;
    const scram = [256, 512].flatMap((bits) => [
      '--add-scram',
      `SCRAM-SHA-${bits}=[name=${username},password=${password}]`,
    ]);
    const cluster = ['-t', '4L6g3nShT-eMCtK--X86sw', '-c', 'server.properties'];
    await run(findTool('java'), ['-cp', `${jars}/*`, 'kafka.tools.StorageTool', 'format', ...cluster, ...scram], {
      cwd: path,
    });
  }

  /** Starts the broker, also again after `stop`: what it has acknowledged is still there. */
  async start(): Promise<void> {
    const options = { cwd: this.#folder.path };
    const child = new Child(
      findTool('java'),
      ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, 'kafka.Kafka', 'server.properties'],
      options,
    );
    this.#child = child;
    await waitFor(
      'the broker is up',
      () => {
        if (child.ended) throw new Error(`the broker ended:\n${child.stdout}${child.stderr}`);
        return child.stderr.includes('Kafka Server started');
      },
      { timeout: 150_000, every: 50 },
    );
  }

  /** Ends the broker as its service manager would, or at once by SIGKILL. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#child?.stop(signal, 20_000);
    this.#child = undefined;
  }

  /** Lets nothing be answered until `resume`: connections stay open, and new ones are accepted by the kernel. */
  pause(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  async createTopics(...topics: string[]): Promise<void> {
    const client = new kafkajs.Kafka({ brokers: [this.plain], logLevel: kafkajs.logLevel.NOTHING });
    const admin = client.admin();
    await admin.connect();
    try {
      await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: 2 })), waitForLeaders: false });
      // the client's own wait gives up where the broker has not heard of the topic yet
      await waitFor('leaders of the topics', async () => {
        const { topics: known } = await admin.fetchTopicMetadata({ topics });
        return known.every(({ partitions }) => partitions.length === 2 && partitions.every(({ leader }) => leader >= 0));
      });
    } finally {
      await admin.disconnect();
    }
  }

  /** All records of a topic, read by kcat, in the order of their partitions. */
  async consume(topic: string): Promise<ConsumedRecord[]> {
    // waits for more are short, or the end would never be seen of a topic that is written to all the time
    const options = ['-q', '-J', '-e', '-o', 'beginning', '-X', 'fetch.wait.max.ms=10'];
    const out = await run(findTool('kcat'), ['-C', ...options, '-t', topic, '-b', this.plain]);
    return out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as ConsumedRecord);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child && !this.#child.ended) this.resume();
    await this.stop('SIGKILL');
    this.#folder[Symbol.dispose]();
  }
}

async function fetchJars(): Promise<void> {
  if (existsSync(jars)) return;
  const half = `${jars}.${process.pid}`;
  try {
    await run(findTool('mvn'), ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${half}`], {
      cwd: component,
    });
    await rename(half, jars);
  } finally {
    await rm(half, { recursive: true, force: true });
  }
}
