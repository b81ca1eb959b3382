// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import { MAX_IN_FLIGHT, type KafkaClient, type KafkaConnection } from './transport.ts';

/** @throws ERR_MODULE_NOT_FOUND if the package is not installed */
export async function platformaticClient(connection: KafkaConnection): Promise<KafkaClient> {
  const { Producer, stringSerializers } = await import('@platformatic/kafka');
  const { brokers, clientId, tls, sasl, timeout, compression } = connection;
  const producer = new Producer({
    clientId,
    bootstrapBrokers: [...brokers],
    serializers: stringSerializers,
    ...(tls && { tls, tlsServerName: brokers.every((broker) => isIP(hostOf(broker)) === 0) }),
    ...(sasl && { sasl: { ...sasl, mechanism: sasl.mechanism.toUpperCase() as 'PLAIN' } }),
    timeout,
    connectTimeout: timeout,
    requestTimeout: timeout,
    retries: 3,
    retryDelay: 200,
    maxInflights: MAX_IN_FLIGHT,
    autocreateTopics: true,
    acks: connection.acks === 'all' ? -1 : 1,
    compression,
  });
  return {
    async connect() {
      await producer.metadata({ topics: [] });
    },
    async send(topic, messages) {
      await producer.send({
        messages: messages.map(({ key, value, timestamp }) => ({ topic, key, value, timestamp: BigInt(timestamp) })),
      });
    },
    close: () => producer.close(true),
  };
}

function hostOf(broker: string): string {
  return broker.slice(0, broker.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}
