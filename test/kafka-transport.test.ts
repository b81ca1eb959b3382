// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KafkaFailure } from '../framework/host/src/sinks/kafka/failure.ts';
import { ReconnectingTransport } from '../framework/host/src/sinks/kafka/reconnecting-transport.ts';
import type { KafkaConnection, KafkaMessage } from '../framework/host/src/sinks/kafka/transport.ts';
import { startKafka, users, type Kafka } from './harness/kafka.ts';

let kafka: Kafka;
beforeAll(async () => {
  kafka = await startKafka();
}, 180_000);
afterAll(() => kafka[Symbol.asyncDispose]());

const drivers = ['kafkajs', 'platformatic'] as const;
const patience = (): AbortSignal => AbortSignal.timeout(10_000);

function connection(driver: KafkaConnection['driver'], more: Partial<KafkaConnection> = {}): KafkaConnection {
  return { driver, brokers: [kafka.plain], clientId: 'test', acks: 'all', compression: 'none', timeout: 5000, ...more };
}

function transport(
  driver: KafkaConnection['driver'],
  more: Partial<KafkaConnection> = {},
): ReconnectingTransport & AsyncDisposable {
  const made = new ReconnectingTransport(connection(driver, more));
  return Object.assign(made, { [Symbol.asyncDispose]: () => made.close() });
}

function messages(count: number, text = 'x'): KafkaMessage[] {
  const timestamp = Date.parse('2026-11-21T12:00:00Z');
  return Array.from({ length: count }, (_, i) => ({
    key: `key ${i % 7}`,
    value: `${text} ${i} €`,
    timestamp: timestamp + i,
  }));
}

async function topic(name: string): Promise<string> {
  await kafka.createTopics(name);
  return name;
}

describe.each(drivers)('%s', (driver) => {
  test.each([
    ['in the clear', () => ({})],
    ['by TLS with a client certificate', () => ({ brokers: [kafka.tls], tls: tls() })],
    ['by SASL/PLAIN', () => ({ brokers: [kafka.sasl], tls: ca(), sasl: { mechanism: 'plain', ...users.plain } })],
    [
      'by SCRAM-SHA-256',
      () => ({ brokers: [kafka.sasl], tls: ca(), sasl: { mechanism: 'scram-sha-256', ...users.scram } }),
    ],
    [
      'by SCRAM-SHA-512',
      () => ({ brokers: [kafka.sasl], tls: ca(), sasl: { mechanism: 'scram-sha-512', ...users.scram } }),
    ],
    ['compressed by gzip', () => ({ compression: 'gzip' })],
    ['compressed by zstd', () => ({ compression: 'zstd' })],
    ['with acks of the leader', () => ({ acks: 'leader' })],
  ] as const)('%s, another client reads back what was sent', async (way, more) => {
    const name = await topic(`${driver}-${way.replaceAll(/\W+/g, '-')}`);
    await using out = transport(driver, more());
    const sent = messages(500);
    await out.send(name, sent, patience());
    const read = await kafka.consume(name);
    const byTime = read
      .sort((a, b) => a.ts - b.ts)
      .map(({ key, payload, ts }) => ({ key, value: payload, timestamp: ts }));
    expect(byTime).toEqual(sent);
    const partitions = new Map(read.map(({ key, partition }) => [key, partition]));
    expect(read.every(({ key, partition }) => partitions.get(key) === partition)).toBe(true);
  });

  test.each([
    ['a wrong host', 'unreachable', () => ({ brokers: ['nowhere.invalid:9092'] })],
    ['a wrong port', 'unreachable', () => ({ brokers: ['127.0.0.1:1'] })],
    [
      'a wrong password',
      'credentials',
      () => ({
        brokers: [kafka.sasl],
        tls: ca(),
        sasl: { mechanism: 'scram-sha-512', username: 'alice', password: 'guess' },
      }),
    ],
    ['an authority that nobody knows', 'certificate', () => ({ brokers: [kafka.sasl], tls: {} })],
    ['TLS with a listener that has none', 'certificate', () => ({ brokers: [kafka.plain], tls: ca() })],
  ] as const)('%s is told as %s', async (_, reason, more) => {
    await using out = transport(driver, more());
    await expect(out.send('any', messages(1), patience())).rejects.toMatchObject({ reason });
  });

  test('a topic that does not exist is told, and the connection goes on', async () => {
    await using out = transport(driver);
    await expect(out.send('no-such-topic', messages(1), patience())).rejects.toMatchObject({ reason: 'topic' });
    const name = await topic(`${driver}-after`);
    await out.send(name, messages(3), patience());
    expect(await kafka.consume(name)).toHaveLength(3);
  });

  test('a record that is too large is refused for good', async () => {
    await using out = transport(driver);
    const name = await topic(`${driver}-large`);
    const large = [{ key: 'k', value: 'x'.repeat(2 * 2 ** 20), timestamp: Date.now() }];
    await expect(out.send(name, large, patience())).rejects.toMatchObject({ reason: 'refused' });
  });

  test('a broker that takes connections and never answers costs no more than the deadline', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    await using out = transport(driver, { brokers: [`127.0.0.1:${(silent.address() as AddressInfo).port}`] });
    const began = performance.now();
    const sent = out.send('any', messages(1), AbortSignal.timeout(300));
    await expect(sent).rejects.toBeInstanceOf(KafkaFailure);
    expect(performance.now() - began).toBeLessThan(1000);
    silent.close();
  });

  test('it connects again after the broker was away', async () => {
    const name = await topic(`${driver}-outage`);
    await using out = transport(driver);
    await out.send(name, messages(10), patience());
    await kafka.stop();
    await expect(out.send(name, messages(10), AbortSignal.timeout(2000))).rejects.toBeInstanceOf(KafkaFailure);
    await kafka.start();
    await out.send(name, messages(10), patience());
    expect((await kafka.consume(name)).length).toBeGreaterThanOrEqual(20);
  }, 60_000);

  test('it rests while there is nothing to send', async () => {
    const name = await topic(`${driver}-idle`);
    await using out = transport(driver);
    await out.send(name, messages(10), patience());
    // the quietest second: the collector and the test runner have work of their own now and then
    const shares: number[] = [];
    for (let second = 0; second < 5; second++) {
      const before = process.cpuUsage();
      await sleep(1000);
      const { user, system } = process.cpuUsage(before);
      shares.push((user + system) / 1e6);
    }
    const share = Math.min(...shares);
    console.log(`${driver}: ${(share * 100).toFixed(2)} % of a core while idle`);
    expect(share).toBeLessThan(0.005);
  });
});

function ca(): KafkaConnection['tls'] {
  return { ca: readFileSync(kafka.certificates.ca) };
}

function tls(): KafkaConnection['tls'] {
  return { ...ca(), cert: readFileSync(kafka.certificates.cert), key: readFileSync(kafka.certificates.key) };
}
