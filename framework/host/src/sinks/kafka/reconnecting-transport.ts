// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { KafkaFailure, failureOf } from './failure.ts';
import type { KafkaClient, KafkaConnection, KafkaDriver, KafkaMessage, KafkaTransport } from './transport.ts';

type MakeClient = (connection: KafkaConnection) => Promise<KafkaClient>;

/** Each driver is only loaded when it is used: they are optional, and the second takes 60 MB and most of a second. */
const drivers: Record<KafkaDriver, MakeClient> = {
  kafkajs: async (connection) => (await import('./kafkajs-client.ts')).kafkajsClient(connection),
  platformatic: async (connection) => (await import('./platformatic-client.ts')).platformaticClient(connection),
};

/**
 * A client that failed is given up and another is made: drivers have been seen to go silent after a broker closed a
 * connection, and to retry for minutes.
 */
export class ReconnectingTransport implements KafkaTransport {
  readonly #connection: KafkaConnection;
  #client: Promise<KafkaClient> | undefined;

  constructor(connection: KafkaConnection) {
    this.#connection = connection;
  }

  async send(topic: string, messages: readonly KafkaMessage[], abort: AbortSignal): Promise<void> {
    const client = (this.#client ??= this.#connect());
    try {
      await unlessAborted(sendBy(client, topic, messages), abort);
    } catch (thrown) {
      const failure = failureOf(thrown);
      // the connection is good: the cluster has answered on it
      if (failure.reason !== 'topic' && failure.reason !== 'refused') this.#giveUp(client);
      throw failure;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await (await client)?.close().catch(() => {});
  }

  async #connect(): Promise<KafkaClient> {
    const client = await drivers[this.#connection.driver](this.#connection);
    try {
      await client.connect();
    } catch (error) {
      void client.close().catch(() => {});
      throw error;
    }
    return client;
  }

  #giveUp(client: Promise<KafkaClient>): void {
    if (this.#client === client) this.#client = undefined;
    client.then((made) => made.close()).catch(() => {});
  }
}

async function sendBy(client: Promise<KafkaClient>, topic: string, messages: readonly KafkaMessage[]): Promise<void> {
  await (await client).send(topic, messages);
}

/** Settles as `work` does, or rejects when `abort` fires; what `work` comes to then is nobody's concern. */
async function unlessAborted(work: Promise<void>, abort: AbortSignal): Promise<void> {
  const done = new AbortController();
  const aborted = once(abort, 'abort', { signal: done.signal }).then(
    () => {
      throw new KafkaFailure('timeout', 'the cluster did not answer in time');
    },
    () => {},
  );
  try {
    abort.throwIfAborted();
    await Promise.race([work, aborted]);
  } finally {
    work.catch(() => {});
    done.abort();
  }
}
